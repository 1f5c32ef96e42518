"""Certificates taken out of the trust stores that a step wrote: PEM, Java's and UEFI's.

What is left is what the program would have written without them, as far as the formats
tell: a PEM block goes with the comments above it, a binary entry with its header. Formats:
RFC 7468; OpenSSL's TRUSTED CERTIFICATE (the certificate, then its uses); Java's JKS;
UEFI 2.10, 32.4.1 (EFI_SIGNATURE_LIST), as p11-kit writes it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
from collections.abc import Collection, Iterator
from mmap import mmap

_BLOCK = re.compile(
    rb"(?:^\#[^\n]*\n)*"
    rb"-----BEGIN (?P<kind>(?:TRUSTED |X509 )?CERTIFICATE)-----(?P<body>[^-]*)"
    rb"-----END (?P=kind)-----(?:\r?\n|$)(?P<blank>\r?\n)?",
    re.MULTILINE,
)
_JKS = b"\xfe\xed\xfe\xed"
_JKS_PASSWORD = "changeit"  # noqa: S105 - Java's own; every distribution keeps it
_JKS_SALT = b"Mighty Aphrodite"
_UEFI_X509 = bytes.fromhex("a159c0a5e494a74a87b5ab155c2bf072")
_UEFI_HEADER = struct.Struct("<16sIII")


def certificates_in(data: bytes | mmap) -> Iterator[bytes]:
    """The DER of every PEM certificate in ``data``."""
    for block in _BLOCK.finditer(data):
        der = _der(block["body"])
        if der:
            yield der


def contains(data: bytes | mmap, wanted: Collection[bytes]) -> bool:
    """Whether any of ``wanted`` (DER) is in ``data``, as PEM or in any binary form."""
    if any(data.find(der) >= 0 for der in wanted):
        return True
    return any(_starts_with(der, wanted) for der in certificates_in(data))


def without(data: bytes, unwanted: Collection[bytes]) -> bytes:
    """``data`` without the certificates ``unwanted`` (DER); as it is where it has none."""
    if data.startswith(_JKS):
        return _java(data, unwanted)
    if data.startswith(_UEFI_X509):
        return _uefi(data, unwanted)

    def kept(block: re.Match[bytes]) -> bytes:
        return b"" if _starts_with(_der(block["body"]), unwanted) else block[0]

    return _BLOCK.sub(kept, data)


def pem(der: bytes) -> bytes:
    """One certificate as PEM, lines of 64."""
    text = base64.b64encode(der)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return b"\n".join((b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""))


def _der(body: bytes) -> bytes:
    try:
        return binascii.a2b_base64(b"".join(body.split()), strict_mode=True)
    except binascii.Error:
        return b""


def _starts_with(der: bytes, wanted: Collection[bytes]) -> bool:
    """A TRUSTED CERTIFICATE has more behind the certificate."""
    return any(der.startswith(each) for each in wanted)


def _java(data: bytes, unwanted: Collection[bytes]) -> bytes:
    """Version 1 and 2: entries, then a hash that Java's password is part of.

    One with a key in it, another password or a fault is left as it is.
    """
    body, found = data[:-20], data[-20:]
    if len(data) < 32 or _java_hash(body) != found:
        return data
    version, count = struct.unpack_from(">II", data, 4)
    at, kept = 12, []
    try:
        for _ in range(count):
            start = at
            (tag,) = struct.unpack_from(">I", body, at)
            if tag != 2:
                return data
            at = _past_text(body, at + 4) + 8
            if version == 2:
                at = _past_text(body, at)
            (size,) = struct.unpack_from(">I", body, at)
            der = body[at + 4 : at + 4 + size]
            at += 4 + size
            if der not in unwanted:
                kept.append(body[start:at])
    except struct.error:
        return data
    if at != len(body) or len(kept) == count:
        return data
    fresh = b"".join((_JKS, struct.pack(">II", version, len(kept)), *kept))
    return fresh + _java_hash(fresh)


def _java_hash(body: bytes) -> bytes:
    secret = _JKS_PASSWORD.encode("utf-16-be") + _JKS_SALT
    return hashlib.sha1(secret + body, usedforsecurity=False).digest()


def _past_text(body: bytes, at: int) -> int:
    (size,) = struct.unpack_from(">H", body, at)
    return at + 2 + int(size)


def _uefi(data: bytes, unwanted: Collection[bytes]) -> bytes:
    """Lists of one certificate each; anything else is left as it is."""
    at, kept = 0, []
    while at < len(data):
        if len(data) - at < _UEFI_HEADER.size:
            return data
        kind, size, header, entry = _UEFI_HEADER.unpack_from(data, at)
        single = kind == _UEFI_X509 and header == 0 and size == _UEFI_HEADER.size + entry
        if not single or entry < 16 or at + size > len(data):
            return data
        if data[at + _UEFI_HEADER.size + 16 : at + size] not in unwanted:
            kept.append(data[at : at + size])
        at += size
    return b"".join(kept)
