"""Clients in containers, judged against a real TLS server: the host's trust is not theirs."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.checked import Ran, check
from tests.fixtures.registry import Registry, Server

pytestmark = pytest.mark.integration

NAME = "registry.example"
PRIVATE = "x509-unknown-authority-private-root"


@pytest.fixture(scope="module")
def root() -> CertificateAuthority:
    return CertificateAuthority("Example Root CA")


@pytest.fixture(scope="module")
def authority(
    root: CertificateAuthority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    pair = root.issue(NAME).write(tmp_path_factory.mktemp("served"))
    with Server(Registry(), tls=pair) as server:
        yield f"{NAME}:{server.authority.rpartition(':')[2]}"


@pytest.fixture
def host(root: CertificateAuthority, tmp_path: Path) -> Path:
    """A host that trusts the private authority for everything."""
    bundle = tmp_path / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True)
    bundle.write_bytes(root.pem)
    return tmp_path


def judged(host: Path, client: str, authority: str) -> Ran:
    asked = ("--as", client, "--host-root", str(host), "--resolve", f"{authority}:127.0.0.1")
    return check(*asked, authority)


@pytest.mark.parametrize("client", ["docker", "crane"])
def test_a_client_of_the_host_trusts_what_the_host_trusts(
    client: str, host: Path, authority: str
) -> None:
    ran = judged(host, client, authority)
    assert (ran.code, ran.serious) == (0, set())


@pytest.mark.parametrize("client", ["kaniko", "buildx", "kind"])
def test_one_in_a_container_does_not(client: str, host: Path, authority: str) -> None:
    ran = judged(host, client, authority)
    assert ran.findings[PRIVATE]["severity"] == "error"
    assert ran.code == 1


def test_a_builder_that_was_made_with_the_authority_trusts_it(
    root: CertificateAuthority, host: Path, authority: str
) -> None:
    printed = judged(host, "buildx", authority).findings[PRIVATE]["fixes"]
    (fix,) = (each for each in printed if each["client"] == "buildkit")
    (change,) = fix["files"]
    lines = "\n".join(line.removeprefix("+") for line in change["diff"].splitlines())
    # What buildx makes of the printed configuration: the file copied, and its path inside.
    inside = f"certs/{authority.replace(':', '_')}/ca.crt"
    config = lines.replace(f"/etc/buildkit/certs/{authority}/ca.crt", f"/etc/buildkit/{inside}")
    given = {"buildkitd.toml": config.encode(), inside: root.pem}
    node = {"Files": {name: base64.b64encode(each).decode() for name, each in given.items()}}
    instances = host / "root/.docker/buildx/instances"
    instances.mkdir(parents=True)
    builder = {"Name": "b", "Driver": "docker-container", "Nodes": [node]}
    (instances / "b").write_text(json.dumps(builder))
    ran = judged(host, "buildx", authority)
    assert (ran.code, ran.serious) == (0, set())


def test_docker_desktop_reads_the_users_certificates(
    root: CertificateAuthority, tmp_path: Path, authority: str
) -> None:
    ran = judged(tmp_path, "docker-desktop", authority)
    (fix,) = (each for each in ran.findings[PRIVATE]["fixes"] if each["client"] == "docker")
    target = tmp_path / fix["commands"][0].split()[-1].lstrip("/")
    target.parent.mkdir(parents=True)
    target.write_bytes(root.pem)
    ran = judged(tmp_path, "docker-desktop", authority)
    assert (ran.code, ran.serious) == (0, set())
