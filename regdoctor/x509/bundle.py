"""Certificates out of a file as people have them: PEM or DER, a key beside them, other things."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from regdoctor.x509 import der, pem
from regdoctor.x509.certificate import Certificate, ParseError
from regdoctor.x509.der import Der
from regdoctor.x509.parse import parse
from regdoctor.x509.pool import NotLoaded, NotLoadedReason, load_pool
from regdoctor.x509.release import release


@dataclass(frozen=True, slots=True)
class Contents:
    """``certificates``: DER in the order of the file, whether or not they parse. ``private_key``:
    the file has one too, which nobody looked at. ``passed_over``: in words, what else is there
    and was not taken."""

    certificates: tuple[bytes, ...] = ()
    private_key: bool = False
    passed_over: tuple[str, ...] = ()


_WHY: Final = {
    NotLoadedReason.NOT_PEM: "it is not well-formed PEM",
    NotLoadedReason.BYTE_ORDER_MARK: "a byte order mark stands before it",
    NotLoadedReason.INDENTED: "it is indented",
    NotLoadedReason.ESCAPED_NEWLINES: "its line ends are written as \\n",
    NotLoadedReason.GLUED: "its mark stands on the line of another one",
}
_MOST_PASSED_OVER: Final = 10
_OTHER_LABELS: Final = {
    "PKCS7": "PKCS #7; openssl pkcs7 -print_certs makes PEM of it",
    "CMS": "PKCS #7; openssl pkcs7 -print_certs makes PEM of it",
    "CERTIFICATE REQUEST": "a request, which is no certificate yet",
    "NEW CERTIFICATE REQUEST": "a request, which is no certificate yet",
    "TRUSTED CERTIFICATE": "OpenSSL's own form, which Go passes over; openssl x509 makes PEM of it",
    "X509 CRL": "a list of revoked certificates",
}


def read(data: bytes) -> Contents:
    """What is in a file. Nothing of a private key ever comes out of here."""
    if b"-----BEGIN " in data:
        return _read_pem(data)
    return _read_der(data)


def _read_pem(data: bytes) -> Contents:
    certificates: list[bytes] = []
    private_key = False
    other: list[str] = []
    for block in pem.blocks(data):
        if block.label == "CERTIFICATE":
            certificates.append(block.octets)
        elif "PRIVATE KEY" in block.label:
            private_key = True
        else:
            what = _OTHER_LABELS.get(block.label, "which is no certificate")
            other.append(f"a block {block.label}: {what}")
    missed = load_pool((data,), release()).not_loaded
    other += [
        f"block {each.block + 1}: {_WHY[each.reason]}" for each in missed if each.reason in _WHY
    ]
    if len(other) > _MOST_PASSED_OVER:
        more = len(other) - _MOST_PASSED_OVER
        other[_MOST_PASSED_OVER:] = [f"{more} blocks more that are of no use"]
    return Contents(tuple(certificates), private_key, tuple(other))


def _read_der(data: bytes) -> Contents:
    found: list[bytes] = []
    reader = Der(data)
    while reader and (element := reader.element(der.SEQUENCE)) is not None:
        inside = Der(element).inside(der.SEQUENCE)
        if inside is None or not inside.peek(der.SEQUENCE):
            return Contents(tuple(found), passed_over=(_other_der(inside),))
        found.append(element)
    return Contents(tuple(found))


def _other_der(inside: Der | None) -> str:
    if inside is not None and inside.peek(der.OBJECT_IDENTIFIER):
        return "PKCS #7 in DER; openssl pkcs7 -inform DER -print_certs makes PEM of it"
    return "a key or PKCS #12; openssl pkcs12 -nokeys makes PEM of the latter"


def not_loaded(each: NotLoaded, data: bytes) -> str:
    """A block of a root file that Go passes over, in words: ``block 2: it is indented``.
    ``data``: what is in the file."""
    if each.reason is NotLoadedReason.NOTHING:
        return "it is DER, and Go loads PEM" if read(data).certificates else "no certificate in it"
    told = {
        NotLoadedReason.LABEL: f"its label is {each.detail}",
        NotLoadedReason.HEADERS: f"it has a header, {each.detail}",
        NotLoadedReason.DOES_NOT_PARSE: each.detail,
    }
    return f"block {each.block + 1}: {told.get(each.reason) or _WHY[each.reason]}"


def with_leaf_first(chain: Sequence[bytes]) -> list[int] | None:
    """The places of ``chain`` with the one server's certificate first and each issuer behind what
    it issued; None where the first is that already, or it cannot be told which it is."""
    parsed = list(_parsed(chain))
    leaves = [
        at for at, each in enumerate(parsed) if each is not None and not _issues(each, parsed)
    ]
    leaves = [at for at in leaves if not _is_ca(parsed[at])]
    if len({chain[at] for at in leaves}) != 1 or 0 in leaves:
        return None
    order = [leaves[0]]
    while (above := _issuer(parsed, order)) is not None:
        order.append(above)
    return [*order, *(at for at in range(len(chain)) if at not in order)]


def _parsed(chain: Sequence[bytes]) -> Iterator[Certificate | None]:
    for octets in chain:
        try:
            yield parse(octets, release())
        except ParseError:
            yield None


def _is_ca(certificate: Certificate | None) -> bool:
    return certificate is not None and certificate.is_ca


def _issues(one: Certificate, others: Sequence[Certificate | None]) -> bool:
    return any(
        each is not None and each.raw != one.raw and each.issuer_raw == one.subject_raw
        for each in others
    )


def _issuer(parsed: Sequence[Certificate | None], order: Sequence[int]) -> int | None:
    child = parsed[order[-1]]
    for at, each in enumerate(parsed):
        if each is None or child is None or at in order:
            continue
        if each.subject_raw == child.issuer_raw:
            return at
    return None
