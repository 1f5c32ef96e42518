"""Files made to hold or fill ``regdoctor chain``: a verdict or a sentence, soon and in little."""

from __future__ import annotations

import datetime as dt
import os
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from regdoctor.cli import exits
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.checked import Ran, measured

pytestmark = pytest.mark.integration

HOST = "registry.example"
SECONDS, MEMORY = 15.0, 250
"""What a hostile file may cost, on a machine that is busy; and in MiB."""
ROOT = CertificateAuthority("Example Root CA")
SERVED = ROOT.intermediate("Example Issuing CA").issue(HOST)
BEGIN = b"-----BEGIN CERTIFICATE-----\n"


def judged(*arguments: str | Path) -> Ran:
    ran = measured("chain", *map(str, arguments))
    assert ran.code in (exits.CLEAN, exits.FINDINGS, exits.USAGE), ran.err
    assert "Traceback" not in ran.err
    assert ran.seconds < SECONDS
    assert ran.memory < MEMORY
    return ran


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root.pem"
    path.write_bytes(ROOT.pem)
    return path


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no certificate in it"),
        (os.urandom(2_000_000), "no certificate in it"),
        (SERVED.chain_pem.replace(b"\n", b"\0\n"), "not well-formed PEM"),
        (SERVED.chain_pem.decode().encode("utf-16"), "no certificate in it"),
        (BEGIN + b"A" * 5_000_000, "not well-formed PEM"),
        (BEGIN * 300_000, "blocks more that are of no use"),
        (b"\x30\x84\xff\xff\xff\xff" + b"\x30" * 100_000, "no certificate in it"),
        (SERVED.chain_pem * 5_000, "10000 certificates, which are no chain"),
    ],
    ids=["empty", "noise", "nul", "utf-16", "unclosed", "begins", "der", "thousands"],
)
def test_a_file_that_is_no_chain(content: bytes, told: str, root: Path, tmp_path: Path) -> None:
    path = tmp_path / "hostile.pem"
    path.write_bytes(content)
    ran = judged(path, "--roots", root)
    assert ran.code == exits.USAGE
    assert told in ran.err
    assert len(ran.err) < 2000


def test_a_file_that_never_ends(root: Path) -> None:
    assert "no certificate in it" in judged("/dev/zero", "--roots", root).err


def test_a_fifo_that_nobody_writes_to(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    for arguments in ((path, "--roots", root), (root, "--roots", path)):
        ran = judged(*arguments)
        assert ran.code == exits.USAGE
        assert "nobody writes to it" in ran.err


def test_a_fifo_is_read_to_its_end(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(SERVED.chain_pem,))
    writer.start()
    ran = judged(path, "--roots", root, "--name", HOST)
    writer.join()
    assert ran.code == exits.CLEAN


def test_links_in_a_circle_and_a_directory(root: Path, tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    assert "symbolic links" in judged(tmp_path / "one", "--roots", root).err
    assert "directory" in judged(tmp_path, "--roots", root).err


@pytest.mark.parametrize("content", [b"", b"hello\n" * 1000, SERVED.key_pem])
def test_roots_without_a_certificate_are_no_verdict(content: bytes, tmp_path: Path) -> None:
    """Else the chain would be called untrusted because of a slip on the command line."""
    (tmp_path / "chain.pem").write_bytes(SERVED.chain_pem)
    (tmp_path / "roots.pem").write_bytes(content)
    ran = judged(tmp_path / "chain.pem", "--roots", tmp_path / "roots.pem")
    assert ran.code == exits.USAGE
    assert "no certificate in it" in ran.err


def namesakes(count: int) -> list[bytes]:
    """CAs of one name that signed each other: every one is a possible issuer of every other."""
    now = dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Same")])
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(count)]
    return [
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(other, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
        for key in keys
        for other in keys
        if key is not other
    ]


def test_a_mesh_of_namesakes(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "mesh.pem"
    path.write_bytes(b"".join(namesakes(20)))
    ran = judged(path, "--roots", root, "--name", HOST)
    assert ran.code == exits.FINDINGS
    assert "too many certificates have that name" in ran.out


def test_a_certificate_with_very_many_names(root: Path, tmp_path: Path) -> None:
    names = (HOST, *(f"h{number}.example" for number in range(20_000)))
    path = tmp_path / "names.pem"
    path.write_bytes(ROOT.issue(*names).chain_pem)
    ran = judged(path, "--roots", root, "--name", HOST)
    assert ran.code == exits.CLEAN
    assert "and 19989 more" in ran.out
