"""The keys with which a server of TLS 1.3 hides its certificate (RFC 8446, sections 5 and 7)."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Protocol

from builder.transport.handshake import parameters
from builder.transport.handshake.errors import protocol_error
from builder.transport.handshake.octets import number, vector

if TYPE_CHECKING:
    from collections.abc import Callable

_MESSAGE_HASH = 254
_NONCE = 12


class _Aead(Protocol):
    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...


def retry_transcript(first_hello: bytes, cipher: int) -> bytes:
    """What stands for the first ClientHello once a retry was asked for (section 4.4.1)."""
    digest = hashlib.new(parameters.TLS_1_3_CIPHERS[cipher][1], first_hello).digest()
    return bytes((_MESSAGE_HASH,)) + vector(digest, 3)


class ServerKeys:
    """Opens the server's handshake records. ``transcript``: ClientHello to ServerHello."""

    def __init__(self, cipher: int, secret: bytes, transcript: bytes) -> None:
        name, self._digest, size = parameters.TLS_1_3_CIPHERS[cipher]
        length = hashlib.new(self._digest).digest_size
        early = self._extract(bytes(length), bytes(length))
        empty = hashlib.new(self._digest).digest()
        handshake = self._extract(self._expand(early, "derived", empty, length), secret)
        context = hashlib.new(self._digest, transcript).digest()
        traffic = self._expand(handshake, "s hs traffic", context, length)
        self._iv = self._expand(traffic, "iv", b"", _NONCE)
        self._aead = _aead(name)(self._expand(traffic, "key", b"", size))
        self._sequence = 0

    def open(self, header: bytes, body: bytes) -> tuple[int, bytes]:
        """(content type, content) of one protected record."""
        from cryptography.exceptions import InvalidTag

        counter = self._sequence.to_bytes(_NONCE, "big")
        nonce = bytes(a ^ b for a, b in zip(self._iv, counter, strict=True))
        self._sequence += 1
        try:
            inner = self._aead.decrypt(nonce, body, header).rstrip(b"\x00")
        except InvalidTag:
            raise protocol_error("a record of the server does not decrypt") from None
        if not inner:
            raise protocol_error("a record of the server holds nothing but padding")
        return inner[-1], inner[:-1]

    def _extract(self, salt: bytes, material: bytes) -> bytes:
        return hmac.digest(salt, material, self._digest)

    def _expand(self, secret: bytes, label: str, context: bytes, length: int) -> bytes:
        """HKDF-Expand-Label; one or more blocks of HMAC (RFC 5869, section 2.3)."""
        info = number(length) + vector(b"tls13 " + label.encode(), 1) + vector(context, 1)
        block, made, count = b"", b"", 0
        while len(made) < length:
            count += 1
            block = hmac.digest(secret, block + info + bytes((count,)), self._digest)
            made += block
        return made[:length]


def _aead(name: str) -> Callable[[bytes], _Aead]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

    return ChaCha20Poly1305 if "CHACHA20" in name else AESGCM
