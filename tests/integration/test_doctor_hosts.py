"""Another host's files below --host-root: its roots, its clients' settings, and only those."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.checked import Ran, check
from tests.fixtures.registry import Registry, Server, Store

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
    assert ran.serious == {
        "x509-unknown-authority-private-root",
        "docker-certsd-directory-name-port",
    }


def test_a_root_in_a_clients_directory_is_that_clients(
    root: CertificateAuthority, port: str, tmp_path: Path
) -> None:
    path = f"etc/docker/certs.d/{NAME}:{port}/ca.crt"
    ran = looked(tmp_path, port, path, root.pem, "--as", "docker")
    assert ran.serious == set()
    assert "docker" not in ran.findings["x509-unknown-authority-private-root"]["breaks"]
    assert ran.code == 0


@pytest.mark.parametrize("tag", ["1.0", "2.0"])
def test_an_image_is_asked_for_with_what_the_client_trusts(
    root: CertificateAuthority, tag: str, tmp_path: Path
) -> None:
    store = Store()
    store.add_image("team/app", "1.0")
    pair = root.issue(NAME).write(tmp_path / "served")
    with Server(Registry(store), tls=pair) as server:
        port = server.authority.rpartition(":")[2]
        directory = tmp_path / f"host/etc/docker/certs.d/{NAME}:{port}"
        directory.mkdir(parents=True)
        (directory / "ca.crt").write_bytes(root.pem)
        target = f"{NAME}:{port}"
        given = ("--host-root", str(tmp_path / "host"), "--resolve", f"{target}:127.0.0.1")
        ran = check(*given, "--as", "docker", f"{target}/team/app:{tag}")
    assert ran.serious == (set() if tag == "1.0" else {"image-not-found"})
    # What docker was given is not what we have.
    assert "regdoctor" in ran.findings["x509-unknown-authority-private-root"]["breaks"]


@pytest.mark.parametrize("tag", ["1.0", "2.0"])
@pytest.mark.parametrize(
    ("client", "path", "content"),
    [
        ("docker", "etc/docker/daemon.json", '{"insecure-registries": ["HOST"]}'),
        ("buildkit", "etc/buildkit/buildkitd.toml", '[registry."HOST"]\nhttp = true\n'),
        (
            "podman",
            "etc/containers/registries.conf",
            '[[registry]]\nlocation = "HOST"\ninsecure = true\n',
        ),
    ],
)
def test_an_image_is_asked_for_in_the_clear_where_the_client_would(
    client: str, path: str, content: str, tag: str, tmp_path: Path
) -> None:
    store = Store()
    store.add_image("team/app", "1.0")
    with Server(Registry(store)) as server:
        target = f"{NAME}:{server.authority.rpartition(':')[2]}"
        file = tmp_path / path
        file.parent.mkdir(parents=True)
        file.write_text(content.replace("HOST", target))
        given = ("--host-root", str(tmp_path), "--resolve", f"{target}:127.0.0.1")
        ran = check(*given, "--as", client, f"{target}/team/app:{tag}")
    assert ran.serious == (set() if tag == "1.0" else {"image-not-found"})
