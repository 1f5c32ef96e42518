"""ClientHello, and the ServerHello (or HelloRetryRequest) that answers it."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence

from msgspec import Struct, field

from builder.transport.handshake import parameters
from builder.transport.handshake.errors import protocol_error
from builder.transport.handshake.octets import Octets, number, vector
from builder.transport.handshake.shares import Share

SERVER_NAME = 0
SUPPORTED_GROUPS = 10
POINT_FORMATS = 11
SIGNATURE_ALGORITHMS = 13
APPLICATION_PROTOCOLS = 16
EXTENDED_MASTER_SECRET = 23
SUPPORTED_VERSIONS = 43
COOKIE = 44
KEY_SHARE = 51
RENEGOTIATION_INFO = 0xFF01

# RFC 8446, section 4.1.3: a ServerHello with this random value asks for another ClientHello.
RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


class ClientHello(Struct, frozen=True):
    """What stays the same between the first hello and the one that follows a retry.

    ``versions`` and ``groups`` are offered, in that order of preference for the groups.
    """

    server_name: str | None
    versions: tuple[int, ...] = tuple(parameters.VERSIONS)
    groups: tuple[int, ...] = parameters.GROUPS
    random: bytes = field(default_factory=lambda: os.urandom(32))
    session: bytes = field(default_factory=lambda: os.urandom(32))

    def body(self, shares: Sequence[Share], cookie: bytes = b"") -> bytes:
        """The message without its header."""
        ciphers = (*parameters.TLS_1_3_CIPHERS, *parameters.OLDER_CIPHERS)
        return b"".join(
            (
                number(min(max(self.versions), parameters.TLS_1_2)),
                self.random,
                vector(self.session, 1),
                vector(b"".join(map(number, ciphers)), 2),
                vector(b"\x00", 1),
                vector(b"".join(self._extensions(shares, cookie)), 2),
            )
        )

    def _extensions(self, shares: Sequence[Share], cookie: bytes) -> list[bytes]:
        versions = b"".join(map(number, sorted(self.versions, reverse=True)))
        protocols = b"".join(vector(each, 1) for each in parameters.APPLICATION_PROTOCOLS)
        entries = b"".join(number(each.group) + vector(each.public, 2) for each in shares)
        made = [
            _extension(EXTENDED_MASTER_SECRET, b""),
            _extension(RENEGOTIATION_INFO, b"\x00"),
            _extension(SUPPORTED_GROUPS, _numbers(self.groups)),
            _extension(POINT_FORMATS, b"\x01\x00"),
            _extension(SIGNATURE_ALGORITHMS, _numbers(parameters.SIGNATURE_SCHEMES)),
            _extension(APPLICATION_PROTOCOLS, vector(protocols, 2)),
            _extension(SUPPORTED_VERSIONS, vector(versions, 1)),
            _extension(KEY_SHARE, vector(entries, 2)),
        ]
        if cookie:
            made.append(_extension(COOKIE, vector(cookie, 2)))
        name = sendable_name(self.server_name)
        if name:
            entry = b"\x00" + vector(name, 2)
            made.insert(0, _extension(SERVER_NAME, vector(entry, 2)))
        return made


def sendable_name(name: str | None) -> bytes:
    """The name for SNI: no address, no trailing dot, punycode; empty if there is none."""
    if not name:
        return b""
    bare = name.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        pass
    else:
        return b""
    text = name.removesuffix(".")
    if text.isascii():
        return text.encode("ascii")
    import idna

    try:
        return idna.encode(text, uts46=True)
    except idna.IDNAError:
        return b""


def _extension(kind: int, content: bytes) -> bytes:
    return number(kind) + vector(content, 2)


def _numbers(values: Sequence[int]) -> bytes:
    return vector(b"".join(map(number, values)), 2)


class ServerHello(Struct, frozen=True):
    """``retry``: a HelloRetryRequest, which names a ``group`` or hands out a ``cookie``."""

    version: int
    cipher: int
    retry: bool
    group: int | None = None
    share: bytes = b""
    cookie: bytes = b""


def server_hello(body: bytes) -> ServerHello:
    """Reads a ServerHello. Raises HandshakeError (protocol)."""
    reader = Octets(body, "ServerHello")
    version, random = reader.number(2), reader.take(32)
    reader.vector(1)
    cipher, compression = reader.number(2), reader.number(1)
    if compression:
        raise protocol_error(f"the server chose compression method {compression}, not offered")
    retry, group, share, cookie = random == RETRY_RANDOM, None, b"", b""
    extensions = reader.inside(2) if reader else Octets(b"", "ServerHello")
    while extensions:
        kind, content = extensions.number(2), extensions.inside(2)
        if kind == SUPPORTED_VERSIONS:
            version = content.number(2)
        elif kind == KEY_SHARE:
            group = content.number(2)
            share = b"" if retry else content.vector(2)
        elif kind == COOKIE:
            cookie = content.vector(2)
    if version not in parameters.VERSIONS:
        raise protocol_error(f"the server chose protocol version 0x{version:04x}")
    return ServerHello(version, cipher, retry, group, share, cookie)
