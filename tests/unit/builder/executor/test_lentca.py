"""A CA is lent to a tree and taken back, whatever the step did with it meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.executor import truststores
from builder.executor.lentca import PLACE, Loan, RunCa
from builder.executor.types import Process

MINE = b"\x30\x82\x01\x00" + bytes(range(256))
OTHER = b"\x30\x82\x01\x00" + bytes(reversed(range(256)))
MINE_PEM, OTHER_PEM = truststores.pem(MINE), truststores.pem(OTHER)
STEP = Process(args=("/bin/true",), env=("PATH=/bin", "PIP_CERT=/opt/own.pem"))
DEBIAN = "etc/ssl/certs/ca-certificates.crt"
ANCHORS = "usr/local/share/ca-certificates"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree as Debian and RHEL have it, both at once; one bundle without a last newline."""
    files = {
        DEBIAN: OTHER_PEM,
        "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem": OTHER_PEM.rstrip(),
        "opt/own.pem": OTHER_PEM,
        f"{ANCHORS}/kept.crt": OTHER_PEM,
    }
    top = tmp_path / "root"
    for name, data in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(data)
    (top / "etc/pki/tls/certs").mkdir(parents=True)
    (top / "etc/pki/tls/certs/ca-bundle.crt").symlink_to(
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"
    )
    for path in sorted(top.rglob("*"), reverse=True):
        os.utime(path, ns=(5, 1_000_000_007), follow_symlinks=False)
    return top


def lent(root: Path, *, writable: bool = True) -> Loan:
    bundle = root.parent / "bundle.pem"
    return RunCa((MINE,)).lend(root, STEP, bundle, writable=writable)


def look(root: Path) -> dict[str, tuple[object, ...]]:
    return {
        str(path.relative_to(root)): (
            path.lstat().st_mode,
            path.lstat().st_mtime_ns,
            path.read_bytes() if path.is_file() and not path.is_symlink() else None,
        )
        for path in root.rglob("*")
    }


def test_meanwhile_every_bundle_has_it_and_afterwards_all_is_as_it_was(root: Path) -> None:
    before = look(root)
    loan = lent(root)
    for name in (DEBIAN, "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "opt/own.pem"):
        assert (root / name).read_bytes() == OTHER_PEM + MINE_PEM
    assert (root / ANCHORS / "regdoctor-run-ca-0.crt").read_bytes() == MINE_PEM
    assert f"SSL_CERT_FILE={PLACE}" in loan.process.env
    assert f"PIP_CERT={PLACE}" not in loan.process.env  # the image's own word holds
    mount = loan.process.mounts[-1]
    assert (mount.dest, mount.readonly) == (PLACE, True)
    assert mount.source is not None
    assert mount.source.read_bytes() == OTHER_PEM + MINE_PEM
    assert loan.take_back() == []
    assert look(root) == before


def test_a_tree_that_may_not_be_written_is_left_alone(root: Path) -> None:
    before = look(root)
    loan = lent(root, writable=False)
    assert look(root) == before
    assert f"SSL_CERT_FILE={PLACE}" in loan.process.env
    assert loan.take_back() == []


def test_an_image_that_has_it_keeps_it(root: Path) -> None:
    (root / DEBIAN).write_bytes(MINE_PEM + OTHER_PEM)
    before = look(root)
    assert lent(root).take_back() == []
    assert look(root) == before


def _regenerate(root: Path) -> None:
    certs = root / "etc/ssl/certs"
    (certs / "new").write_bytes(b"".join(p.read_bytes() for p in (root / ANCHORS).iterdir()))
    (certs / "new").replace(root / DEBIAN)
    for anchor in (root / ANCHORS).iterdir():
        link = certs / f"{anchor.stem}.pem"
        link.symlink_to(f"/{ANCHORS}/{anchor.name}")
        (certs / f"{anchor.stem}.0").symlink_to(link.name)


def _append(root: Path) -> None:
    with (root / DEBIAN).open("ab") as file:
        file.write(OTHER_PEM)


def _move(root: Path) -> None:
    (root / DEBIAN).rename(root / f"{DEBIAN}.old")


def _hash_directory(root: Path) -> None:
    directory = root / "etc/pki/ca-trust/extracted/pem/directory-hash"
    directory.mkdir()
    (directory / "Mine.pem").write_bytes(b"# Mine\n" + MINE_PEM)
    (directory / "0123abcd.0").symlink_to("Mine.pem")


@pytest.mark.parametrize("step", [_regenerate, _append, _move, _hash_directory])
def test_no_trust_store_keeps_it_and_no_link_leads_to_it(
    root: Path, step: Callable[[Path], None]
) -> None:
    loan = lent(root)
    step(root)
    assert loan.take_back() == []
    for path in root.rglob("*"):
        if path.is_symlink():
            assert path.name.startswith(("kept", "ca-bundle")), path
            assert "regdoctor" not in str(path.readlink())
        elif path.is_file():
            assert MINE_PEM not in path.read_bytes(), path
    if step is _regenerate:
        names = {path.name for path in (root / "etc/ssl/certs").iterdir()}
        assert names == {"ca-certificates.crt", "kept.pem", "kept.0"}
        assert (root / DEBIAN).read_bytes() == OTHER_PEM


def test_what_the_step_installs_itself_stays(root: Path) -> None:
    loan = lent(root)
    (root / ANCHORS / "corp.crt").write_bytes(MINE_PEM)
    _regenerate(root)
    assert loan.take_back() == []
    assert MINE_PEM in (root / DEBIAN).read_bytes()
    assert (root / "etc/ssl/certs/corp.pem").is_symlink()
    assert not (root / ANCHORS / "regdoctor-run-ca-0.crt").exists()


def test_what_the_step_adds_to_the_bundle_itself_stays(root: Path) -> None:
    loan = lent(root)
    with (root / DEBIAN).open("ab") as file:
        file.write(MINE_PEM)
    assert loan.take_back() == [f"/{DEBIAN}"]
    assert (root / DEBIAN).read_bytes() == OTHER_PEM + MINE_PEM


def test_a_copy_elsewhere_is_named(root: Path) -> None:
    loan = lent(root)
    (root / "copy.der").write_bytes(b"head" + MINE + b"tail")
    (root / "empty").touch()
    os.mkfifo(root / "pipe")
    assert loan.take_back() == ["/copy.der"]


def test_links_out_of_the_tree_are_followed_inside_of_it(root: Path) -> None:
    outside = root.parent / "outside.pem"
    outside.write_bytes(OTHER_PEM)
    (root / "etc/ssl/ca-bundle.pem").symlink_to(f"../../../../../..{outside}")
    (root / "etc/ssl/cert.pem").symlink_to(str(outside))
    lent(root).take_back()
    assert outside.read_bytes() == OTHER_PEM
