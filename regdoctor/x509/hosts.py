"""Does a certificate cover a host? Go's rules (crypto/x509 VerifyHostname), and its words.

An address matches only address SANs, by value. A DNS name matches without regard to ASCII
case; a wildcard stands for exactly the left-most label; names that are not host-like match
only by being equal. The common name never matches: it only changes the message.
"""

from __future__ import annotations

import enum
import functools
import ipaddress
import string
from dataclasses import dataclass

from regdoctor.x509 import text
from regdoctor.x509.certificate import Address, Certificate
from regdoctor.x509.release import Release

MANY_NAMES = 100

_LABEL = frozenset(string.ascii_letters + string.digits + "-_")


class Mismatch(enum.StrEnum):
    """Why a host is not covered."""

    OTHER_NAME = "other-name"
    NO_NAMES = "no-names"
    LEGACY_COMMON_NAME = "legacy-common-name"
    NO_IP_SANS = "no-ip-sans"


@dataclass(frozen=True, slots=True)
class HostFault:
    """``text``: Go's message, ``x509: `` included."""

    mismatch: Mismatch
    text: str


def check_host(certificate: Certificate, host: str, release: Release) -> HostFault | None:
    """``None`` if the certificate covers ``host`` (a DNS name, or an address, also in ``[ ]``)."""
    bare = host[1:-1] if len(host) >= 3 and host[0] == "[" and host[-1] == "]" else host
    wanted = parse_address(bare, zones=release.normalises_address)
    if wanted is not None:
        if any(_same_address(wanted, each) for each in certificate.addresses):
            return None
        shown = text.address(wanted) if release.normalises_address else bare
        return _fault(certificate, shown, wanted, release)
    name = lower(host)
    parts, host_like = split(name), host_name(name, pattern=False, bare_wildcard=False)
    for each in _names(certificate, release):
        if host_like and host_name(each, pattern=True, bare_wildcard=release.bare_wildcard):
            if _matches(each, parts):
                return None
        elif _equal(each, name):
            return None
    return _fault(certificate, host, None, release)


@functools.lru_cache(maxsize=256)
def parse_address(host: str, *, zones: bool = True) -> Address | None:
    """The address that Go reads in ``host``, without its zone; no leading zeros in IPv4, and a
    zone, of any characters, in IPv6 only."""
    bare, mark, zone = host.partition("%")
    if not bare.isascii() or (mark and not (zones and zone and ":" in bare)):
        return None
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        return None


def _same_address(one: Address, other: Address) -> bool:
    return _packed(one) == _packed(other)


def _packed(value: Address) -> bytes:
    if isinstance(value, ipaddress.IPv6Address) and value.ipv4_mapped is not None:
        return value.ipv4_mapped.packed
    return value.packed


def _fault(
    certificate: Certificate, host: str, wanted: Address | None, release: Release
) -> HostFault:
    if certificate.san is None and _matches(certificate.subject.common_name, split(host)):
        return HostFault(
            Mismatch.LEGACY_COMMON_NAME,
            f"x509: certificate relies on legacy Common Name field, {release.common_name_advice}",
        )
    if wanted is not None:
        return _address_fault(certificate, host, release)
    return _name_fault(certificate, host, release)


def _names(certificate: Certificate, release: Release) -> list[str]:
    """The DNS names that count: once, the common name did where there was nothing else."""
    name = certificate.subject.common_name
    legacy = certificate.san is None and release.matches_common_name
    if legacy and host_name(name, pattern=True, bare_wildcard=release.bare_wildcard):
        return [name]
    return certificate.dns_names


def _address_fault(certificate: Certificate, host: str, release: Release) -> HostFault:
    found = certificate.addresses
    if not found:
        message = f"cannot validate certificate for {host} because it doesn't contain any IP SANs"
        return HostFault(Mismatch.NO_IP_SANS, f"x509: {message}")
    if len(found) >= MANY_NAMES and release.shortens_many_names:
        message = f"certificate is valid for {len(found)} IP SANs, but none matched {host}"
        return HostFault(Mismatch.OTHER_NAME, f"x509: {message}")
    listed = ", ".join(map(text.address, found))
    return HostFault(Mismatch.OTHER_NAME, f"x509: certificate is valid for {listed}, not {host}")


def _name_fault(certificate: Certificate, host: str, release: Release) -> HostFault:
    found = _names(certificate, release)
    if len(found) >= MANY_NAMES and release.shortens_many_names:
        message = f"certificate is valid for {len(found)} names, but none matched {host}"
        return HostFault(Mismatch.OTHER_NAME, f"x509: {message}")
    listed = ", ".join(found)
    if not listed:
        message = f"certificate is not valid for any names, but wanted to match {host}"
        return HostFault(Mismatch.NO_NAMES, f"x509: {message}")
    return HostFault(Mismatch.OTHER_NAME, f"x509: certificate is valid for {listed}, not {host}")


def lower(name: str) -> str:
    """Lower case for ASCII letters alone."""
    return name.translate(_LOWER)


_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def split(host: str) -> list[str]:
    """Lower-case labels; one trailing dot is dropped."""
    return lower(host.removesuffix(".")).split(".")


def host_name(host: str, *, pattern: bool, bare_wildcard: bool) -> bool:
    """Is ``host`` host-like? A pattern may begin with a ``*`` label."""
    if not pattern:
        host = host.removesuffix(".")
    if not host or (host == "*" and not bare_wildcard):
        return False
    for index, label in enumerate(host.split(".")):
        if not label:
            return False
        if pattern and index == 0 and label == "*":
            continue
        if label[0] == "-" or not _LABEL.issuperset(label):
            return False
    return True


def _matches(pattern: str, parts: list[str]) -> bool:
    pattern = lower(pattern)
    labels = pattern.split(".")
    if not pattern or len(labels) != len(parts):
        return False
    return all(
        label == part or (index == 0 and label == "*")
        for index, (label, part) in enumerate(zip(labels, parts, strict=True))
    )


def _equal(one: str, other: str) -> bool:
    return one not in ("", ".") and other not in ("", ".") and lower(one) == lower(other)
