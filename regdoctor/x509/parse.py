"""Parses one certificate in Go's order, so that of several faults the one Go names is named.

Order: outer shape, version, serial, inner against outer algorithm, issuer, validity, subject,
key, duplicate extensions, each extension as encoded, signature, trailing octets.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Final, NoReturn, TypeVar

from builder.oci.goquote import go_quote
from regdoctor.x509 import der, extensions, keys
from regdoctor.x509.certificate import Certificate, Extension, Name, ParseError
from regdoctor.x509.der import Der
from regdoctor.x509.release import Release

T = TypeVar("T")

_T61: Final = 20
_UTF8: Final = 12
_NUMERIC: Final = 18
_PRINTABLE: Final = 19
_IA5: Final = 22
_BMP: Final = 30
_STRINGS: Final = (_UTF8, _NUMERIC, _PRINTABLE, _T61, _IA5, _BMP)

# Go lets * and & pass in a PrintableString: wildcards and company names use them.
_PRINTABLE_SET: Final = re.compile(rb"[a-zA-Z0-9'()+,\-./ :=?*&]*")
_NUMERIC_SET: Final = re.compile(rb"[0-9 ]*")
_TIME: Final = re.compile(r"(\d{10})(\d\d)?(Z|[+-]\d{4})", re.ASCII)
_LONG_TIME: Final = re.compile(r"(\d{4})(\d{10})(Z|[+-]\d{4})", re.ASCII)


def parse(octets: bytes, release: Release) -> Certificate:
    """The certificate in ``octets``. Raises ParseError with Go's text."""
    certificate = Certificate()
    try:
        _certificate(octets, certificate, release)
    except ParseError as fault:
        certificate.raw = certificate.raw or octets
        fault.partial = certificate
        raise
    return certificate


def _fail(message: str) -> NoReturn:
    raise ParseError(f"x509: {message}")


def _need(value: T | None, message: str) -> T:
    if value is None:
        _fail(message)
    return value


def _certificate(octets: bytes, out: Certificate, release: Release) -> None:
    out.raw = _need(Der(octets).element(der.SEQUENCE), "malformed certificate")
    outer = _need(Der(out.raw).inside(der.SEQUENCE), "malformed certificate")
    out.tbs = _need(outer.element(der.SEQUENCE), "malformed tbs certificate")
    tbs = _need(Der(out.tbs).inside(der.SEQUENCE), "malformed tbs certificate")
    _version(tbs, out)
    out.serial = _need(tbs.integer(), "malformed serial number")
    if out.serial < 0 and release.refuses_negative_serial:
        _fail("negative serial number")
    _algorithms(tbs, outer, out, release)
    out.issuer_raw = _need(tbs.element(der.SEQUENCE), "malformed issuer")
    out.issuer = _name(out.issuer_raw, release)
    validity = _need(tbs.inside(der.SEQUENCE), "malformed validity")
    out.not_before, out.not_after = _time(validity), _time(validity)
    out.subject_raw = _need(tbs.element(der.SEQUENCE), "malformed issuer")
    out.subject = _name(out.subject_raw, release)
    _key(tbs, out, release)
    _rest(tbs, out, release)
    signature = _need(outer.bits(), "malformed signature")
    out.signature = der.right_aligned(*signature)
    if len(out.raw) != len(octets):
        _fail("trailing data")


def _version(tbs: Der, out: Certificate) -> None:
    version = 0
    if tbs.peek(der.context(0, constructed=True)):
        explicit = _need(tbs.inside(der.context(0, constructed=True)), "malformed version")
        version = _need(explicit.small_integer(), "malformed version")
        if explicit or version < 0:
            _fail("malformed version")
    out.version = version + 1
    if out.version > 3:
        _fail("invalid version")


def _algorithms(tbs: Der, outer: Der, out: Certificate, release: Release) -> None:
    inner = _need(tbs.content(der.SEQUENCE), "malformed signature algorithm identifier")
    stated = _need(outer.content(der.SEQUENCE), "malformed algorithm identifier")
    if inner != stated:
        _fail("inner and outer signature algorithm identifiers don't match")
    oid, parameters = _algorithm(inner)
    mldsa = release.verifies_mldsa
    out.signature_algorithm = keys.signature_algorithm(oid, parameters, mldsa=mldsa)


def _algorithm(content: bytes) -> tuple[str, bytes]:
    reader = Der(content)
    oid = _need(reader.identifier(), "malformed OID")
    if not reader:
        return oid, b""
    return oid, _need(reader.any(), "malformed parameters")[2]


def _name(raw: bytes, release: Release) -> Name:
    sequence = _need(Der(raw).inside(der.SEQUENCE), "invalid RDNSequence")
    found: list[tuple[str, str]] = []
    while sequence:
        rdn = _need(sequence.inside(der.SET), "invalid RDNSequence")
        while rdn:
            pair = _need(rdn.inside(der.SEQUENCE), "invalid RDNSequence: invalid attribute")
            kind = _need(pair.identifier(), "invalid RDNSequence: invalid attribute type")
            text = _attribute(pair, release)
            if text is not None:
                found.append((kind, text))
    return Name(tuple(found))


_VALUE: Final = "invalid RDNSequence: invalid attribute value"
# Types that Go 1.27 reads besides strings: what is said if the value is malformed.
_OTHER_TYPES: Final[dict[int, tuple[Callable[[Der], object], str]]] = {
    der.BOOLEAN: (Der.boolean, "invalid ASN.1 BOOLEAN"),
    der.INTEGER: (Der.small_integer, "invalid ASN.1 integer"),
    der.BIT_STRING: (Der.bits, "invalid ASN.1 BIT STRING"),
    der.OBJECT_IDENTIFIER: (Der.identifier, "invalid ASN.1 OBJECT IDENTIFIER"),
}


def _attribute(pair: Der, release: Release) -> str | None:
    """The text of an attribute; ``None`` for a value that is no text and may be there."""
    read = pair.any()
    if not release.reads_any_attribute:
        tag, value, _ = _need(read, _VALUE)
        return _string(tag, value, release)
    tag, value, element = _need(read, f"{_VALUE}: invalid ASN.1 element")
    if tag in _STRINGS:
        return _string(tag, value, release)
    if tag in _OTHER_TYPES:
        check, message = _OTHER_TYPES[tag]
        _need(check(Der(element)), f"{_VALUE}: {message}")
    elif tag in (der.UTC_TIME, der.GENERALIZED_TIME):
        try:
            _time(Der(element))
        except ParseError as fault:
            _fail(f"{_VALUE}: {fault}")
    return None


def _string(tag: int, value: bytes, release: Release) -> str:
    decoded: str | None = None
    if tag == _UTF8:
        decoded, kind = _utf8(value), "invalid UTF-8 string"
    elif tag == _PRINTABLE:
        decoded, kind = _restricted(value, _PRINTABLE_SET), "invalid PrintableString"
    elif tag == _IA5:
        decoded, kind = value.decode("ascii") if value.isascii() else None, "invalid IA5String"
    elif tag == _T61:
        decoded, kind = value.decode("latin-1"), ""
    elif tag == _BMP:
        decoded, kind = _two_octets(value, release), "invalid BMPString"
    elif tag == _NUMERIC:
        decoded, kind = _restricted(value, _NUMERIC_SET), "invalid NumericString"
    else:
        kind = f"unsupported string type: {tag}"
    return _need(decoded, f"{_VALUE}: {kind}")


def _utf8(value: bytes) -> str | None:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _restricted(value: bytes, allowed: re.Pattern[bytes]) -> str | None:
    return value.decode("ascii") if allowed.fullmatch(value) else None


def _two_octets(value: bytes, release: Release) -> str | None:
    """UCS-2: no surrogates, no noncharacters; a terminating zero is dropped."""
    if len(value) % 2:
        return None
    value = value.removesuffix(b"\x00\x00")
    if not release.refuses_surrogates:
        return value.decode("utf-16-be", "replace")
    points = [int.from_bytes(value[at : at + 2], "big") for at in range(0, len(value), 2)]
    if any(
        point in (0xFFFE, 0xFFFF) or 0xFDD0 <= point <= 0xFDEF or 0xD800 <= point <= 0xDFFF
        for point in points
    ):
        return None
    return "".join(map(chr, points))


def _time(validity: Der) -> dt.datetime:
    if validity.peek(der.UTC_TIME):
        content = _need(validity.content(der.UTC_TIME), "malformed UTCTime")
        return _need(_utc_time(content.decode("latin-1")), "malformed UTCTime")
    if validity.peek(der.GENERALIZED_TIME):
        content = _need(validity.content(der.GENERALIZED_TIME), "malformed GeneralizedTime")
        return _need(_generalized_time(content.decode("latin-1")), "malformed GeneralizedTime")
    _fail("unsupported time format")


def _utc_time(value: str) -> dt.datetime | None:
    """Years 50 to 99 are of the last century; the seconds may be missing."""
    match = _TIME.fullmatch(value)
    if match is None:
        return None
    century = "19" if match[1][:2] >= "50" else "20"
    return _moment(century + match[1] + (match[2] or "00"), match[3])


def _generalized_time(value: str) -> dt.datetime | None:
    match = _LONG_TIME.fullmatch(value)
    return _moment(match[1] + match[2], match[3]) if match else None


def _moment(digits: str, zone: str) -> dt.datetime | None:
    """``YYYYMMDDhhmmss`` in ``zone``; an offset of nothing must be written ``Z``."""
    if zone in ("+0000", "-0000"):
        return None
    offset = dt.timedelta(0)
    if zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[3:])
        if hours > 23 or minutes > 59:
            return None
        offset = dt.timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    year, fields = int(digits[:4]), [int(digits[at : at + 2]) for at in range(4, 14, 2)]
    kind = dt.datetime if year else YearZero
    zone_of = dt.timezone(offset) if offset else dt.UTC
    try:
        return kind(year or _NEAREST_LEAP_YEAR, *fields, tzinfo=zone_of)  # type: ignore[misc,arg-type]
    except ValueError:
        return None


_NEAREST_LEAP_YEAR: Final = 4


class YearZero(dt.datetime):
    """A moment of the year 0000, which Python's calendar has not: kept four years later, in the
    next year that is as long, and told as what it is."""

    @property
    def year(self) -> int:
        return 0


def _key(tbs: Der, out: Certificate, release: Release) -> None:
    out.spki = _need(tbs.element(der.SEQUENCE), "malformed spki")
    spki = _need(Der(out.spki).inside(der.SEQUENCE), "malformed spki")
    content = _need(spki.content(der.SEQUENCE), "malformed public key algorithm identifier")
    oid, parameters = _algorithm(content)
    bits = _need(spki.bits(), "malformed subjectPublicKey")
    try:
        out.key = keys.public_key(
            oid,
            parameters,
            der.right_aligned(*bits),
            old_point_text=release.old_point_text,
            mldsa=release.verifies_mldsa,
        )
    except keys.KeyFormatError as fault:
        raise ParseError(str(fault)) from None


def _rest(tbs: Der, out: Certificate, release: Release) -> None:
    """What versions 2 and 3 add; version 1 carries nothing that Go would read."""
    if out.version == 1:
        return
    if not tbs.skip_optional(der.context(1)):
        _fail("malformed issuerUniqueID")
    if not tbs.skip_optional(der.context(2)):
        _fail("malformed subjectUniqueID")
    tag = der.context(3, constructed=True)
    if out.version != 3 or not tbs.peek(tag):
        return
    explicit = _need(tbs.inside(tag), "malformed extensions")
    listed = _need(explicit.inside(der.SEQUENCE), "malformed extensions")
    seen: set[str] = set()
    while listed:
        found = _extension(_need(listed.inside(der.SEQUENCE), "malformed extension"))
        if found.oid in seen:
            _fail(_duplicate(found.oid, release))
        seen.add(found.oid)
        out.extensions.append(found)
    extensions.process(out, release)


def _duplicate(oid: str, release: Release) -> str:
    if not release.names_duplicate_extension:
        return "certificate contains duplicate extensions"
    return f"certificate contains duplicate extension with OID {go_quote(oid)}"


def _extension(reader: Der) -> Extension:
    oid = _need(reader.identifier(), "malformed extension OID field")
    critical = False
    if reader.peek(der.BOOLEAN):
        critical = _need(reader.boolean(), "malformed extension critical field")
    value = _need(reader.content(der.OCTET_STRING), "malformed extension value field")
    return Extension(oid, critical, value)
