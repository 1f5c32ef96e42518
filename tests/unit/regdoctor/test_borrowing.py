"""What a build takes over of a client's settings: endpoints, order, schemes, trust."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.registry import InvalidConfig
from regdoctor.borrowing import LENDERS, BorrowedConfig
from regdoctor.survey import read_host
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.hosttree import Configured

HOST = "registry.example:5000"


def borrowed(client: str, root: Path, *ca: Path) -> BorrowedConfig:
    files, _ = read_host(root, "/root", {}, ask=False)
    return BorrowedConfig(client, files, environ={}, root=root, ca=ca)


def write(root: Path, path: str, text: str) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


@pytest.mark.parametrize("client", ["docker", "docker-build", "buildkit", "containerd", "podman"])
def test_the_ca_and_the_mirror_of_a_client_are_taken(client: str, tmp_path: Path) -> None:
    ca = CertificateAuthority("Corp")
    Configured(HOST, ca=ca.pem, mirror="https://mirror.example:5000").write(tmp_path)
    hosts = borrowed(client, tmp_path).hosts(HOST)
    assert hosts[-1].endpoint.authority == HOST
    assert hosts[-1].endpoint.scheme == "https"
    assert hosts[-1].role == "origin"
    assert not hosts[-1].trust.insecure
    assert ca.der in hosts[-1].trust.roots.certificates
    if not client.startswith("docker"):  # its mirrors are for the Hub
        assert [host.endpoint.authority for host in hosts] == ["mirror.example:5000", HOST]
        assert "push" not in hosts[0].capabilities


def test_dockers_mirrors_and_insecure_registries(tmp_path: Path) -> None:
    settings = (
        '{"registry-mirrors": ["https://mirror.example"], "insecure-registries": ["plain.example"]}'
    )
    write(tmp_path, "etc/docker/daemon.json", settings)
    config = borrowed("docker", tmp_path)
    assert [host.base for host in config.hosts("docker.io")] == [
        "https://mirror.example/v2",
        "https://registry-1.docker.io/v2",
    ]
    (plain,) = config.hosts("plain.example")
    assert plain.trust.insecure
    assert plain.http_fallback
    (other,) = config.hosts("other.example")
    assert not other.trust.insecure
    assert not other.http_fallback
    (allowed,) = config.with_insecure("other.example").hosts("other.example")
    assert allowed.trust.insecure
    assert allowed.http_fallback


def test_a_location_of_podman_becomes_a_path(tmp_path: Path) -> None:
    write(
        tmp_path,
        "etc/containers/registries.conf",
        '[[registry]]\nprefix = "docker.io"\nlocation = "mirror.example/hub"\n',
    )
    (host,) = borrowed("podman", tmp_path).hosts("docker.io")
    assert host.base == "https://mirror.example/v2/hub"


def test_a_rule_for_a_part_of_a_registry_is_refused_by_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        "etc/containers/registries.conf",
        '[[registry]]\nprefix = "docker.io/team"\nlocation = "mirror.example/team"\n',
    )
    with pytest.raises(InvalidConfig, match=r"rule for docker\.io/team") as caught:
        borrowed("podman", tmp_path)
    assert "--config" in caught.value.hint


def test_a_client_that_would_not_start_lends_nothing(tmp_path: Path) -> None:
    write(tmp_path, "etc/docker/daemon.json", "{")
    with pytest.raises(InvalidConfig, match="--as docker"):
        borrowed("docker", tmp_path)


def test_extra_roots_are_added(tmp_path: Path) -> None:
    ca = CertificateAuthority("Other")
    extra = tmp_path / "extra.pem"
    extra.write_bytes(ca.pem)
    (host,) = borrowed("docker", tmp_path, extra).hosts(HOST)
    assert ca.der in host.trust.roots.certificates


@pytest.mark.parametrize("client", LENDERS)
def test_every_lender_says_whom_it_contacts(client: str, tmp_path: Path) -> None:
    assert borrowed(client, tmp_path).hosts(HOST)[-1].endpoint.authority == HOST
