"""The extensions Go reads, each with its own way of failing; others count only if critical."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Final, NoReturn, TypeVar

from builder.oci.goquote import go_quote
from regdoctor.x509 import der
from regdoctor.x509.certificate import (
    Address,
    Certificate,
    Extension,
    Network,
    ParseError,
    Subtrees,
    Uri,
)
from regdoctor.x509.der import Der
from regdoctor.x509.domains import domain_valid, mailbox, strict_domain_valid
from regdoctor.x509.release import Release
from regdoctor.x509.urls import UrlError, host_of

T = TypeVar("T")

_EMAIL, _DNS, _URI, _IP = (der.context(number) for number in (1, 2, 6, 7))
_OCSP: Final = "1.3.6.1.5.5.7.48.1"
_CA_ISSUERS: Final = "1.3.6.1.5.5.7.48.2"


def process(out: Certificate, release: Release) -> None:
    """Reads ``out.extensions`` in their order into the other fields. Raises ParseError."""
    for each in out.extensions:
        read = _READERS.get(each.oid)
        if each.oid in _POLICY_ONLY and not release.knows_policies:
            read = None
        understood = read is not None and read(out, each, release)
        if each.critical and not understood:
            out.unhandled_critical.append(each.oid)


def _fail(message: str) -> NoReturn:
    raise ParseError(f"x509: {message}")


def _need(value: T | None, message: str) -> T:
    if value is None:
        _fail(message)
    return value


def _sequence(extension: Extension, message: str) -> Der:
    return _need(Der(extension.value).inside(der.SEQUENCE), message)


def _key_usage(out: Certificate, extension: Extension, _: Release) -> bool:
    octets, unused = _need(Der(extension.value).bits(), "invalid key usage")
    length = 8 * len(octets) - unused
    for bit in range(min(9, length)):
        if octets[bit // 8] & 0x80 >> bit % 8:
            out.key_usage |= 1 << bit
    return True


KEY_CERT_SIGN: Final = 1 << 5


def _basic_constraints(out: Certificate, extension: Extension, release: Release) -> bool:
    def message(step: str) -> str:
        return "invalid basic constraints" + (
            f" {step}" if release.letters_basic_constraints else ""
        )

    reader = _sequence(extension, message("a"))
    if reader.peek(der.BOOLEAN):
        out.is_ca = _need(reader.boolean(), message("b"))
    if reader.peek(der.INTEGER):
        length = _need(reader.small_integer(), message("c"))
        if length < 0 and release.refuses_negative_path_length:
            _fail(message("c"))
        out.path_length = length
    out.has_basic_constraints = True
    return True


def _alternative_names(out: Certificate, extension: Extension, release: Release) -> bool:
    out.san = extension.value
    reader = _sequence(extension, "invalid subject alternative names")
    while reader:
        tag, value, _ = _need(reader.any(), "invalid subject alternative name")
        if tag == _DNS:
            name = _ia5(value, "SAN dNSName is malformed")
            if release.strict_domains and not strict_domain_valid(name):
                _fail("SAN dNSName is malformed")
            out.dns_names.append(name)
            out.names.append(("DNS name", name))
        elif tag == _EMAIL:
            email = _ia5(value, "SAN rfc822Name is malformed")
            if release.strict_domains and not _strict_mailbox(email, release):
                _fail("SAN rfc822Name is malformed")
            out.emails.append(email)
            out.names.append(("email address", email))
        elif tag == _URI:
            uri = _uri(_ia5(value, "SAN uniformResourceIdentifier is malformed"), release)
            out.uris.append(uri)
            out.names.append(("URI", uri))
        elif tag == _IP:
            address = _address(value, release)
            out.addresses.append(address)
            out.names.append(("IP address", address))
    return bool(out.names)


def _ia5(value: bytes, message: str) -> str:
    if not value.isascii():
        _fail(message)
    return value.decode("ascii")


def _strict_mailbox(text: str, release: Release) -> bool:
    parsed = mailbox(text, release)
    return parsed is not None and strict_domain_valid(parsed.domain)


def _uri(text: str, release: Release) -> Uri:
    try:
        host = host_of(text)
    except UrlError as fault:
        _fail(f"cannot parse URI {go_quote(text)}: parse {go_quote(fault.url)}: {fault}")
    if host and not domain_valid(host, release, constraint=False):
        cause = "%!s(<nil>)" if release.strict_domains else "invalid domain"
        _fail(f"cannot parse URI {go_quote(text)}: {cause}")
    return Uri(text, host)


def _address(value: bytes, release: Release) -> Address:
    if len(value) == 4:
        return ipaddress.IPv4Address(value)
    if len(value) != 16:
        _fail(f"cannot parse IP address of length {len(value)}")
    address = ipaddress.IPv6Address(value)
    if address.ipv4_mapped is not None and release.refuses_mapped_addresses:
        _fail("SAN iPAddress contains IPv4-mapped IPv6 address")
    return address


def _name_constraints(out: Certificate, extension: Extension, release: Release) -> bool:
    out.has_name_constraints = True
    message = "invalid NameConstraints extension"
    outer = Der(extension.value)
    reader = _need(outer.inside(der.SEQUENCE), message)
    if outer:
        _fail(message)
    halves: list[bytes] = []
    for number in (0, 1):
        tag = der.context(number, constructed=True)
        halves.append(_need(reader.content(tag), message) if reader.peek(tag) else b"")
    if reader:
        _fail(message)
    if not any(halves):
        _fail("empty name constraints extension")
    understood = [
        _subtrees(Der(content), into, release)
        for content, into in zip(halves, (out.permitted, out.excluded), strict=True)
    ]
    return all(understood)


def _subtrees(reader: Der, into: Subtrees, release: Release) -> bool:
    """Reads one half; False if a constraint is of a kind that Go does not know."""
    understood = True
    while reader:
        base = _need(reader.inside(der.SEQUENCE), "invalid NameConstraints extension")
        tag, value, _ = _need(base.any(), "invalid NameConstraints extension")
        if tag == _DNS:
            into.dns.append(_constraint_domain(value, "dnsName", release))
        elif tag == _IP:
            into.ip.append(_constraint_network(value, release))
        elif tag == _EMAIL:
            into.email.append(_constraint_email(value, release))
        elif tag == _URI:
            into.uri.append(_constraint_domain(value, "URI", release))
        else:
            understood = False
    return understood


def _constraint_text(value: bytes) -> str:
    text = value.decode("utf-8", "surrogateescape")
    if not value.isascii():
        _fail(f"invalid constraint value: x509: {go_quote(text)} cannot be encoded as an IA5String")
    return text


def _constraint_domain(value: bytes, kind: str, release: Release) -> str:
    domain = _constraint_text(value)
    if kind == "URI" and _is_address(domain):
        _fail(f"failed to parse URI constraint {go_quote(domain)}: cannot be IP address")
    if not domain_valid(domain, release, constraint=True):
        _fail(f"failed to parse {kind} constraint {go_quote(domain)}")
    return domain


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _constraint_email(value: bytes, release: Release) -> str:
    text = _constraint_text(value)
    if "@" in text:
        valid = mailbox(text, release) is not None
    else:
        valid = domain_valid(text, release, constraint=True)
    if not valid:
        _fail(f"failed to parse rfc822Name constraint {go_quote(text)}")
    return text


def _constraint_network(value: bytes, release: Release) -> Network:
    if len(value) not in (8, 32):
        _fail(f"IP constraint contained value of length {len(value)}")
    half = len(value) // 2
    mask = int.from_bytes(value[half:], "big")
    inverse = mask ^ (1 << 8 * half) - 1
    if inverse & (inverse + 1):
        _fail(f"IP constraint contained invalid mask {value[half:].hex()}")
    network = ipaddress.ip_interface((value[:half], mask.bit_count()))
    mapped = isinstance(network, ipaddress.IPv6Interface) and network.ip.ipv4_mapped is not None
    if mapped and release.refuses_mapped_addresses:
        _fail("IP constraint contained IPv4-mapped IPv6 address")
    return network


def _distribution_points(_out: Certificate, extension: Extension, _: Release) -> bool:
    """Only its shape matters here; the URLs are not used in verification."""
    message = "invalid CRL distribution point"
    reader = _sequence(extension, message + "s")
    tag = der.context(0, constructed=True)
    while reader:
        point = _need(reader.inside(der.SEQUENCE), message)
        if not point.peek(tag):
            continue
        names = _need(_need(point.inside(tag), message).inside(tag), message)
        while names.peek(_URI):
            _need(names.content(_URI), message)
    return True


def _authority_key_id(out: Certificate, extension: Extension, release: Release) -> bool:
    if extension.critical and release.refuses_critical_identifiers:
        _fail("authority key identifier incorrectly marked critical")
    reader = _sequence(extension, "invalid authority key identifier")
    if reader.peek(der.context(0)):
        content = reader.content(der.context(0))
        out.authority_key_id = _need(content, "invalid authority key identifier")
    return True


def _subject_key_id(out: Certificate, extension: Extension, release: Release) -> bool:
    if extension.critical and release.refuses_critical_identifiers:
        _fail("subject key identifier incorrectly marked critical")
    content = Der(extension.value).content(der.OCTET_STRING)
    out.subject_key_id = _need(content, "invalid subject key identifier")
    return True


def _extended_key_usage(out: Certificate, extension: Extension, _: Release) -> bool:
    reader = _sequence(extension, "invalid extended key usages")
    while reader:
        out.usages.append(_need(reader.identifier(), "invalid extended key usages"))
    return True


def _policies(out: Certificate, extension: Extension, release: Release) -> bool:
    message = "invalid certificate policies"
    reader = _sequence(extension, message)
    while reader:
        policy = _need(_need(reader.inside(der.SEQUENCE), message).identifier(), message)
        if policy in out.policies and release.knows_policies:
            _fail(message)
        out.policies.append(policy)
    return True


def _policy_mappings(out: Certificate, extension: Extension, _: Release) -> bool:
    message = "invalid policy mappings extension"
    reader = _sequence(extension, message)
    while reader:
        pair = _need(reader.inside(der.SEQUENCE), message)
        issuer = _need(pair.identifier(), message)
        out.policy_mappings.append((issuer, _need(pair.identifier(), message)))
    return True


def _policy_constraints(out: Certificate, extension: Extension, _: Release) -> bool:
    message = "invalid policy constraints extension"
    reader = _sequence(extension, message)
    if reader.peek(der.context(0)):
        out.require_explicit_policy = _need(reader.small_integer(der.context(0)), message)
    if reader.peek(der.context(1)):
        out.inhibit_policy_mapping = _need(reader.small_integer(der.context(1)), message)
    return True


def _inhibit_any_policy(out: Certificate, extension: Extension, _: Release) -> bool:
    value = Der(extension.value).small_integer()
    out.inhibit_any_policy = _need(value, "invalid inhibit any policy extension")
    return True


def _authority_info_access(out: Certificate, extension: Extension, release: Release) -> bool:
    if extension.critical and release.refuses_critical_identifiers:
        _fail("authority info access incorrectly marked critical")
    message = "invalid authority info access"
    reader = _sequence(extension, message)
    while reader:
        access = _need(reader.inside(der.SEQUENCE), message)
        method = _need(access.identifier(), message)
        if not access.peek(_URI):
            continue
        url = _need(access.content(_URI), message).decode("latin-1")
        if method == _OCSP:
            out.ocsp_urls.append(url)
        elif method == _CA_ISSUERS:
            out.issuer_urls.append(url)
    return True


# True: understood. False: read, but it counts as unknown if it is critical.
_READERS: Final[dict[str, Callable[[Certificate, Extension, Release], bool]]] = {
    "2.5.29.14": _subject_key_id,
    "2.5.29.15": _key_usage,
    "2.5.29.17": _alternative_names,
    "2.5.29.19": _basic_constraints,
    "2.5.29.30": _name_constraints,
    "2.5.29.31": _distribution_points,
    "2.5.29.32": _policies,
    "2.5.29.33": _policy_mappings,
    "2.5.29.35": _authority_key_id,
    "2.5.29.36": _policy_constraints,
    "2.5.29.37": _extended_key_usage,
    "2.5.29.54": _inhibit_any_policy,
    "1.3.6.1.5.5.7.1.1": _authority_info_access,
}
_POLICY_ONLY: Final = frozenset({"2.5.29.33", "2.5.29.36", "2.5.29.54"})
