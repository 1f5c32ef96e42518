"""Certificates are taken out of what programs keep roots in, and nothing else is."""

from __future__ import annotations

import base64
import hashlib
import struct

import pytest

from builder.executor import truststores

MINE = b"\x30\x82\x01\x00" + bytes(range(256))
OTHER = b"\x30\x82\x01\x00" + bytes(reversed(range(256)))


def pem(der: bytes, kind: str = "CERTIFICATE", width: int = 64) -> bytes:
    text = base64.b64encode(der).decode()
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    return "\n".join((f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", "")).encode()


def java(*certificates: bytes, version: int = 2) -> bytes:
    """As ``keytool`` writes a file of trusted certificates."""
    body = struct.pack(">III", 0xFEEDFEED, version, len(certificates))
    for der in certificates:
        body += struct.pack(">I", 2) + struct.pack(">H", 4) + b"name" + struct.pack(">Q", 7)
        body += (struct.pack(">H", 5) + b"X.509" if version == 2 else b"") + struct.pack(
            ">I", len(der)
        )
        body += der
    return body + hashlib.sha1("changeit".encode("utf-16-be") + b"Mighty Aphrodite" + body).digest()


def uefi(*certificates: bytes) -> bytes:
    kind = bytes.fromhex("a159c0a5e494a74a87b5ab155c2bf072")
    return b"".join(
        kind + struct.pack("<III", 28 + 16 + len(der), 0, 16 + len(der)) + bytes(16) + der
        for der in certificates
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (pem(OTHER) + pem(MINE), pem(OTHER)),
        (pem(MINE) + pem(OTHER), pem(OTHER)),
        (pem(OTHER) + pem(MINE, width=76), pem(OTHER)),
        (b"# Mine\n" + pem(MINE) + b"\n# Other\n" + pem(OTHER), b"# Other\n" + pem(OTHER)),
        (pem(MINE + b"uses", "TRUSTED CERTIFICATE") + pem(OTHER), pem(OTHER)),
        (java(OTHER, MINE), java(OTHER)),
        (java(MINE, OTHER, version=1), java(OTHER, version=1)),
        (uefi(MINE, OTHER), uefi(OTHER)),
    ],
)
def test_the_certificate_goes_and_all_else_stays(before: bytes, after: bytes) -> None:
    assert truststores.contains(before, {MINE})
    assert truststores.without(before, {MINE}) == after
    assert not truststores.contains(after, {MINE})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n",
        pem(OTHER),
        java(OTHER),
        java(MINE)[:-1] + b"x",  # another password
        java(MINE)[:40],
        uefi(MINE)[:-1],
        b"\xfe\xed\xfe\xed",
        b"random \x00 bytes",
    ],
)
def test_what_has_it_not_or_is_not_understood_stays_as_it_is(data: bytes) -> None:
    assert truststores.without(data, {MINE}) == data


def test_pem_is_what_was_asked_for() -> None:
    assert truststores.pem(MINE) == pem(MINE)
    assert list(truststores.certificates_in(pem(MINE) + pem(OTHER))) == [MINE, OTHER]
