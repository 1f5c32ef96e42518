"""Another host's files below --host-root: its roots, its clients' settings, and only those."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.checked import Ran, check
from tests.fixtures.registry import Registry, Server

pytestmark = pytest.mark.integration

NAME = "registry.example"


@pytest.fixture(scope="module")
def root() -> CertificateAuthority:
    return CertificateAuthority("Example Root CA")


@pytest.fixture(scope="module")
def port(root: CertificateAuthority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pair = root.issue(NAME).write(tmp_path_factory.mktemp("served"))
    with Server(Registry(), tls=pair) as server:
        yield server.authority.rpartition(":")[2]


def looked(directory: Path, port: str, path: str, content: bytes, *arguments: str) -> Ran:
    file = directory / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    target = f"{NAME}:{port}"
    given = ("--host-root", str(directory), "--resolve", f"{target}:127.0.0.1")
    return check(*given, *arguments, target)


def test_a_root_of_that_hosts_pool_is_trusted_by_all(
    root: CertificateAuthority, port: str, tmp_path: Path
) -> None:
    ran = looked(tmp_path, port, "etc/ssl/certs/ca-certificates.crt", root.pem, "--as", "all")
    assert ran.report["findings"] == []
    assert ran.code == 0


def test_roots_of_this_host_are_no_authorities_configured_on_that_one(
    root: CertificateAuthority, port: str, tmp_path: Path
) -> None:
    path = f"etc/docker/certs.d/{NAME}/ca.crt"  # a directory without the port is not read
    ran = looked(tmp_path, port, path, root.pem, "--as", "docker")
    assert ran.serious == {"x509-unknown-authority-private-root"}


def test_a_root_in_a_clients_directory_is_that_clients(
    root: CertificateAuthority, port: str, tmp_path: Path
) -> None:
    path = f"etc/docker/certs.d/{NAME}:{port}/ca.crt"
    ran = looked(tmp_path, port, path, root.pem, "--as", "docker")
    assert ran.serious == set()
    assert "docker" not in ran.findings["x509-unknown-authority-private-root"]["breaks"]
    assert ran.code == 0
