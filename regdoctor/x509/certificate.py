"""A certificate as Go's parser leaves it: the fields that verification looks at."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
from dataclasses import dataclass, field

from regdoctor.x509.keys import PublicKey, SignatureAlgorithm

_UNREAD = dt.datetime.min.replace(tzinfo=dt.UTC)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Interface | ipaddress.IPv6Interface
"""A network as a constraint writes it, bits outside the mask included."""


class ParseError(Exception):
    """A certificate does not parse. ``str`` is Go's text, ``x509: `` included where Go has it.

    ``partial`` is what had been read by then; its ``subject_raw`` and ``key`` are set if the
    fault lies in the extensions.
    """

    partial: Certificate | None = None


@dataclass(slots=True)
class Name:
    """A distinguished name: attributes in order, as (dotted type, text)."""

    attributes: tuple[tuple[str, str], ...] = ()

    def last(self, kind: str) -> str:
        """The last attribute of a type; Go's ``CommonName`` is the last one."""
        return next((text for each, text in reversed(self.attributes) if each == kind), "")

    def first(self, kind: str) -> str:
        return next((text for each, text in self.attributes if each == kind), "")

    @property
    def common_name(self) -> str:
        return self.last("2.5.4.3")

    @property
    def organisation(self) -> str:
        return self.first("2.5.4.10")

    def __str__(self) -> str:
        """For people: ``CN=Example Root CA, O=Example`` in the order encoded."""
        return ", ".join(f"{_SHORT.get(kind, kind)}={text}" for kind, text in self.attributes)


_SHORT = {
    "2.5.4.3": "CN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}


@dataclass(slots=True)
class Uri:
    """A URI SAN: ``text`` as written, ``host`` as Go's url.Parse splits it (port included)."""

    text: str
    host: str


@dataclass(slots=True)
class Subtrees:
    """One half (permitted or excluded) of the name constraints; constraints as written."""

    dns: list[str] = field(default_factory=list)
    ip: list[Network] = field(default_factory=list)
    email: list[str] = field(default_factory=list)
    uri: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Extension:
    """``value``: the octets inside the OCTET STRING; ``oid`` dotted."""

    oid: str
    critical: bool
    value: bytes


@dataclass(slots=True, eq=False)
class Certificate:
    """Filled in the order of the encoding. Compared by identity; ``raw`` is the whole DER."""

    raw: bytes = b""
    tbs: bytes = b""
    version: int = 1
    serial: int = 0
    signature_algorithm: SignatureAlgorithm | None = None
    signature: bytes = b""
    issuer_raw: bytes = b""
    issuer: Name = field(default_factory=Name)
    not_before: dt.datetime = _UNREAD
    not_after: dt.datetime = _UNREAD
    subject_raw: bytes = b""
    subject: Name = field(default_factory=Name)
    spki: bytes = b""
    key: PublicKey | None = None
    extensions: list[Extension] = field(default_factory=list)
    unhandled_critical: list[str] = field(default_factory=list)

    key_usage: int = 0
    usages: list[str] = field(default_factory=list)
    has_basic_constraints: bool = False
    is_ca: bool = False
    path_length: int = -1
    subject_key_id: bytes = b""
    authority_key_id: bytes = b""

    san: bytes | None = None
    names: list[tuple[str, str | Address | Uri]] = field(default_factory=list)
    dns_names: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    addresses: list[Address] = field(default_factory=list)
    uris: list[Uri] = field(default_factory=list)

    has_name_constraints: bool = False
    permitted: Subtrees = field(default_factory=Subtrees)
    excluded: Subtrees = field(default_factory=Subtrees)

    policies: list[str] = field(default_factory=list)
    policy_mappings: list[tuple[str, str]] = field(default_factory=list)
    require_explicit_policy: int | None = None
    inhibit_policy_mapping: int | None = None
    inhibit_any_policy: int | None = None

    issuer_urls: list[str] = field(default_factory=list)
    ocsp_urls: list[str] = field(default_factory=list)

    @property
    def self_issued(self) -> bool:
        """Issuer and subject are the same octets."""
        return self.issuer_raw == self.subject_raw

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER, lower-case hexadecimal."""
        return hashlib.sha256(self.raw).hexdigest()
