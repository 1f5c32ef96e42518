"""``regdoctor clients`` against a real TLS server: endpoints in order, trust, what is ignored."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.checked import run
from tests.fixtures.registry import Registry, Server

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def root() -> CertificateAuthority:
    return CertificateAuthority("Example Root CA")


@pytest.fixture(scope="module")
def mirror(root: CertificateAuthority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server at another loopback address: docker trusts 127.0.0.0/8 blindly, podman does not."""
    pair = root.issue(ips=("127.0.0.1",)).write(tmp_path_factory.mktemp("served"))
    with Server(Registry(), tls=pair) as server:
        yield server.authority


def plans(directory: Path, *arguments: str, files: dict[str, bytes]) -> list[dict[str, Any]]:
    for path, content in files.items():
        file = directory / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    ran = run("clients", "--format", "json", "--host-root", str(directory), *arguments)
    assert ran.code == 0, ran.err
    document: list[dict[str, Any]] = json.loads(ran.out)
    return document


def conf(mirror: str) -> dict[str, bytes]:
    text = (
        f'[[registry]]\nlocation = "registry.example"\n[[registry.mirror]]\nlocation = "{mirror}"\n'
    )
    return {"/etc/containers/registries.conf": text.encode()}


def test_each_endpoint_is_told_in_order_with_the_verdict_of_that_client(
    root: CertificateAuthority, mirror: str, tmp_path: Path
) -> None:
    files = {**conf(mirror), f"/etc/containers/certs.d/{mirror}/ca.crt": root.pem}
    found = plans(tmp_path, "--client", "podman", "registry.example/team/app:1", files=files)
    (plan,) = found
    first, second = plan["endpoints"]
    assert (first["role"], second["role"]) == ("mirror", "origin")
    assert first["url"] == f"https://{mirror}/v2"
    assert (first["trusted"], first["error"]) == (True, "")
    assert first["roots"] == [f"/etc/containers/certs.d/{mirror}/ca.crt"]
    assert second["trusted"] is None
    assert plan["guessed"]


def test_a_chain_that_the_client_refuses_is_told_in_gos_words(mirror: str, tmp_path: Path) -> None:
    (plan,) = plans(tmp_path, "--client", "skopeo", "registry.example/a:1", files=conf(mirror))
    first = plan["endpoints"][0]
    assert first["trusted"] is False
    assert "x509: certificate signed by unknown authority" in first["error"]


def test_the_words_are_those_of_the_go_that_the_version_was_built_with(
    mirror: str, tmp_path: Path
) -> None:
    asked = ("--client", "skopeo", "--client-version", "1.9.3", "registry.example/a:1")
    (plan,) = plans(tmp_path, *asked, files=conf(mirror))
    assert plan["endpoints"][0]["error"] == "x509: certificate signed by unknown authority"


def test_ignored_files_are_told_and_nothing_is_contacted_offline(tmp_path: Path) -> None:
    files = {"/etc/docker/certs.d/registry.example:5000/ca.pem": b"x", **conf("m.example")}
    asked = ("--offline", "--client", "docker-build", "--client-version", "24.0.9")
    (plan,) = plans(tmp_path, *asked, "registry.example:5000/a:1", files=files)
    assert [each["trusted"] for each in plan["endpoints"]] == [None]


def test_no_secret_is_printed(tmp_path: Path) -> None:
    auth = base64.b64encode(b"robot:s3cr3t").decode()
    config = json.dumps({"auths": {"registry.example": {"auth": auth}}}).encode()
    files = {"/root/.docker/config.json": config}
    for path, content in files.items():
        file = tmp_path / path.lstrip("/")
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
    asked = ("--host-root", str(tmp_path), "--offline", "--client", "podman")
    ran = run("clients", *asked, "registry.example/a:1")
    assert "robot from /root/.docker/config.json" in ran.out
    assert "s3cr3t" not in ran.out + ran.err
    assert auth not in ran.out + ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--client", "wget"), "--client wget: not one of"),
        (("--client", "podman", "--client-version", "new"), "not a version"),
        (("--client", "crane", "registry.example/Team/App"), "must be lowercase"),
        (("--format", "html"), "--format html"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments: tuple[str, ...], words: str) -> None:
    ran = run("clients", "--offline", *arguments)
    assert ran.code == 2
    assert words in ran.err


def test_a_host_without_clients_says_which_can_be_named(tmp_path: Path) -> None:
    ran = run("clients", "--host-root", str(tmp_path))
    assert ran.code == 2
    assert "--client docker" in ran.err
