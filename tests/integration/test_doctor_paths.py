"""Handshakes that stall: the path, a box on it, or the server; each has its own code."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.checked import REPOSITORY, Ran, run
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


INSIDE = """
import sys
from pathlib import Path
from tests.fixtures.checked import run
from tests.fixtures.registry import Registry, Server
host = Path(sys.argv[1])
with Server(Registry(), tls=(host / "server.crt", host / "server.key"), listen=("127.0.0.1", 5000)):
    ran = run("check", "--format", "json", "--timeout", "2", "--host-root", str(host),
              "--resolve", "registry.example:5000:127.0.0.1", "registry.example:5000")
print(ran.out)
"""


@pytest.mark.root
@pytest.mark.parametrize("port", ["sport", "dport"])
def test_a_real_path_that_drops_large_packets(port: str, tmp_path: Path) -> None:
    """A network of its own, where packets of more than 1,300 bytes are dropped in silence."""
    root = CertificateAuthority("Example Root CA", key_kind="rsa2048")
    issuing = root.intermediate(key_kind="rsa2048")
    issuing.issue(NAME, key_kind="rsa2048").write(tmp_path)
    bundle = tmp_path / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True)
    bundle.write_bytes(root.pem)
    script = (
        "ip link set lo mtu 1500 gso_max_segs 1; ip link set lo up\n"
        "nft add table inet path\n"
        "nft 'add chain inet path in { type filter hook input priority 0; }'\n"
        f"nft add rule inet path in tcp {port} 5000 meta length '>' 1300 drop\n"
        'exec "$@"'
    )
    done = subprocess.run(
        ["unshare", "-n", "sh", "-e", "-c", script, "sh", sys.executable, "-c", INSIDE, tmp_path],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    findings = json.loads(done.stdout)["findings"]
    assert [each["code"] for each in findings if each["severity"] == "error"] == [MTU]


@pytest.mark.parametrize("cipher", ["ECDHE-RSA-AES256-SHA384", "AES128-GCM-SHA256"])
def test_ciphers_that_no_client_offers_any_more(
    cipher: str, root: CertificateAuthority, tmp_path: Path
) -> None:
    issued = root.issue(NAME, key_kind="rsa2048")
    context = issued.server_context(maximum=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(cipher)
    with Server(Registry(), tls=context) as old:
        ran = looked(old.port, root, tmp_path)
    code = "tls-version-or-cipher-mismatch"
    assert ran.serious == {code}
    assert "(it spoke TLSv1.2 with TLS_" in ran.findings[code]["title"]


def test_an_old_cipher_that_clients_still_offer_is_quiet(
    root: CertificateAuthority, tmp_path: Path
) -> None:
    issued = root.issue(NAME, key_kind="rsa2048")
    context = issued.server_context(maximum=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("ECDHE-RSA-AES256-SHA")
    with Server(Registry(), tls=context) as old:
        ran = looked(old.port, root, tmp_path)
    assert ran.report["findings"] == []
