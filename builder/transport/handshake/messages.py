"""Certificate and CertificateRequest, in the encodings of TLS 1.2 and TLS 1.3."""

from __future__ import annotations

from builder.transport.handshake.octets import Octets

SERVER_HELLO = 2
ENCRYPTED_EXTENSIONS = 8
CERTIFICATE = 11
CERTIFICATE_REQUEST = 13
SERVER_HELLO_DONE = 14
FINISHED = 20

_CERTIFICATE_AUTHORITIES = 47


def certificates(body: bytes, *, tls13: bool) -> tuple[bytes, ...]:
    """The entries as sent (RFC 5246, 7.4.2; RFC 8446, 4.4.2); an entry may hold anything."""
    reader = Octets(body, "Certificate message")
    if tls13:
        reader.vector(1)
    entries, found = reader.inside(3), []
    while entries:
        found.append(entries.vector(3))
        if tls13:
            entries.vector(2)
    return tuple(found)


def authorities(body: bytes, *, version_1_2: bool, tls13: bool) -> tuple[bytes, ...]:
    """The DER names of the CAs whose client certificates the server would take."""
    reader = Octets(body, "CertificateRequest")
    reader.vector(1)
    if not tls13:
        if version_1_2:
            reader.vector(2)
        return _names(reader.inside(2)) if reader else ()
    extensions = reader.inside(2)
    while extensions:
        kind, content = extensions.number(2), extensions.inside(2)
        if kind == _CERTIFICATE_AUTHORITIES:
            return _names(content.inside(2))
    return ()


def _names(reader: Octets) -> tuple[bytes, ...]:
    found = []
    while reader:
        found.append(reader.vector(2))
    return tuple(found)
