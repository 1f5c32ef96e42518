"""Handshakes that stall: the path, a box on it, or the server; each has its own code."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.checked import Ran, run
from tests.fixtures.narrow import large_lost, one_packet
from tests.fixtures.registry import Registry, Server
from tests.fixtures.speaker import speaking

pytestmark = pytest.mark.integration

NAME = "registry.example"
MTU = "tls-handshake-timeout-mtu-blackhole"
HELLO = "tls-handshake-timeout-post-quantum-clienthello"


@pytest.fixture(scope="module")
def root() -> CertificateAuthority:
    return CertificateAuthority("Example Root CA")


@pytest.fixture(scope="module")
def server(root: CertificateAuthority) -> Iterator[tuple[str, int]]:
    with Server(Registry(), tls=root.issue(NAME).server_context()) as running:
        yield "127.0.0.1", running.port


def looked(port: int, root: CertificateAuthority, directory: Path, *arguments: str) -> Ran:
    bundle = directory / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True)
    bundle.write_bytes(root.pem)
    given = ("--host-root", str(directory), "--resolve", f"{NAME}:{port}:127.0.0.1")
    fixed = ("check", "--format", "json", "--timeout", "3")
    return run(*fixed, *given, *arguments, f"{NAME}:{port}")


@pytest.mark.parametrize("hello", [False, True])
def test_large_packets_that_vanish(
    hello: bool, root: CertificateAuthority, server: tuple[str, int], tmp_path: Path
) -> None:
    with large_lost(server, hello=hello) as port:
        ran = looked(port, root, tmp_path)
    assert ran.serious == {MTU}
    assert ran.findings[MTU]["confidence"] == "certain"
    assert ran.open == set()
    assert ran.code == 1


@pytest.mark.parametrize("reset", [False, True])
def test_a_box_that_takes_short_hellos_alone(
    reset: bool, root: CertificateAuthority, server: tuple[str, int], tmp_path: Path
) -> None:
    with one_packet(server, reset=reset) as port:
        ran = looked(port, root, tmp_path, "--as", "docker")
    assert ran.serious == {HELLO}
    assert ran.open == set()
    assert "regdoctor" not in ran.findings[HELLO]["breaks"]


def test_a_server_that_never_answers_is_neither(root: CertificateAuthority, tmp_path: Path) -> None:
    def speech(client: socket.socket) -> None:
        while client.recv(4096):
            time.sleep(0.01)

    with speaking(speech) as port:
        ran = looked(port, root, tmp_path)
    assert ran.serious == {"tls-handshake-failure"}
    assert ran.open == set()


def test_a_healthy_server_takes_both(
    root: CertificateAuthority, server: tuple[str, int], tmp_path: Path
) -> None:
    ran = looked(server[1], root, tmp_path)
    assert ran.report["findings"] == []
    assert ran.code == 0


def test_the_versions_that_an_old_server_takes(root: CertificateAuthority, tmp_path: Path) -> None:
    context = root.issue(NAME).server_context()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.deprecated_call():
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.minimum_version = ssl.TLSVersion.TLSv1
    with Server(Registry(), tls=context) as old:
        ran = looked(old.port, root, tmp_path)
    code = "tls-version-or-cipher-mismatch"
    assert ran.serious == {code}
    facts = [each["fact"] for each in ran.findings[code]["evidence"]]
    assert facts[-1] == "offered one by one, the server takes TLSv1 and TLSv1.1"
