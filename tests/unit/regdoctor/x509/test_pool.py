"""Root files as Go loads them, and the reason of each block that it passes over."""

from __future__ import annotations

import pytest

from regdoctor.x509 import NotLoadedReason, load_pool, release
from regdoctor.x509.pem import blocks
from tests.fixtures.ca import CertificateAuthority

LATEST = release()
ROOT = CertificateAuthority("Example Root CA")
OTHER = CertificateAuthority("Other Root CA")


def _load(*files: bytes) -> tuple[list[str], list[tuple[int, int, NotLoadedReason, str]]]:
    pool = load_pool(files, LATEST)
    names = [each.subject.common_name for each in pool.certificates]
    missed = [(each.file, each.block, each.reason, each.detail) for each in pool.not_loaded]
    return names, missed


@pytest.mark.parametrize(
    "text",
    [
        ROOT.pem,
        ROOT.pem.replace(b"\n", b"\r\n"),
        ROOT.pem.rstrip(b"\n"),
        b"subject=CN = Example\n\n" + ROOT.pem + b"\nnotes\n",
    ],
)
def test_usual_files_load_whole(text: bytes) -> None:
    assert _load(text) == (["Example Root CA"], [])


def test_base64_on_one_line_loads() -> None:
    lines = ROOT.pem.splitlines()
    text = b"\n".join([lines[0], b"".join(lines[1:-1]), lines[-1]]) + b"\n"
    assert _load(text) == (["Example Root CA"], [])


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        (
            ROOT.pem.replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE"),
            NotLoadedReason.LABEL,
            "TRUSTED CERTIFICATE",
        ),
        (
            ROOT.pem.replace(b"-----\nM", b"-----\nName: x\n\nM", 1),
            NotLoadedReason.HEADERS,
            "Name",
        ),
        (b"\xef\xbb\xbf" + ROOT.pem, NotLoadedReason.BYTE_ORDER_MARK, ""),
        (b"  " + ROOT.pem.replace(b"\n", b"\n  "), NotLoadedReason.INDENTED, ""),
        (ROOT.pem.replace(b"\n", b"\\n"), NotLoadedReason.ESCAPED_NEWLINES, ""),
        (ROOT.pem.replace(b"MII", b"M*I", 1), NotLoadedReason.NOT_PEM, ""),
        (ROOT.pem.replace(b"-----END CERTIFICATE-----\n", b""), NotLoadedReason.NOT_PEM, ""),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            NotLoadedReason.DOES_NOT_PARSE,
            "x509: malformed certificate",
        ),
    ],
)
def test_a_block_that_go_passes_over_is_named_with_its_reason(
    text: bytes, reason: NotLoadedReason, detail: str
) -> None:
    names, missed = _load(text)
    assert (names, missed) == ([], [(0, 0, reason, detail)])


def test_two_certificates_glued_together_are_both_lost() -> None:
    names, missed = _load(ROOT.pem.rstrip(b"\n") + OTHER.pem)
    assert names == []
    assert [each[1:3] for each in missed] == [
        (0, NotLoadedReason.GLUED),
        (1, NotLoadedReason.GLUED),
    ]


def test_a_byte_order_mark_hides_only_the_first_block() -> None:
    names, missed = _load(b"\xef\xbb\xbf" + ROOT.pem + OTHER.pem)
    assert names == ["Other Root CA"]
    assert missed == [(0, 0, NotLoadedReason.BYTE_ORDER_MARK, "")]


def test_a_file_without_any_block_is_named() -> None:
    assert _load(ROOT.der) == ([], [(0, -1, NotLoadedReason.NOTHING, "")])
    assert _load(b"") == ([], [])


def test_files_are_numbered_and_a_certificate_counts_once() -> None:
    pool = load_pool((ROOT.pem, ROOT.pem + OTHER.pem), LATEST)
    assert [pool.file_of(each) for each in pool.certificates] == [0, 1]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        (b"-----BEGIN A-----\nQUJD\n-----END A-----\n", ["A"]),
        (b"-----BEGIN A-----\nQUJD=\n-----END A-----\n", []),
        (b"-----BEGIN A-----\nk: v\n-----END A-----\n", []),
        (b"-----BEGIN A-----\nk: v\n\nQUJD\n-----END A-----\n", ["A"]),
        (b"-----BEGIN A-----\n-----END A-----\n", ["A"]),
        (b"-----BEGIN A-----\nQUJD\n-----END A-----\r", []),
        (b"-----BEGIN A-----\nQUJD\n-----END A----- \t", ["A"]),
        (b"-----BEGIN A-----\n-----BEGIN B-----\nQUJD\n-----END B-----", ["B"]),
        (b"-----BEGIN A-----\nQUJD\n-----END B-----\n", []),
        # A colon in an END line makes it a header, and ends the reading of the file.
        (b"-----BEGIN A-----\n-----END A: -----\n-----BEGIN B-----\nQUJD\n-----END B-----\n", []),
    ],
)
def test_blocks_are_those_that_go_decodes(text: bytes, labels: list[str]) -> None:
    assert [each.label for each in blocks(text)] == labels


def test_a_private_key_beside_the_certificate_is_no_hindrance() -> None:
    key = ROOT.issue("a.example").key_pem
    names, missed = _load(key + ROOT.pem)
    assert names == ["Example Root CA"]
    assert missed == [(0, 0, NotLoadedReason.LABEL, "PRIVATE KEY")]
