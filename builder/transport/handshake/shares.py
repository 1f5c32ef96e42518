"""Ephemeral key shares for TLS 1.3 (RFC 8446, section 4.2.8)."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from builder.transport.handshake import parameters
from builder.transport.handshake.errors import protocol_error

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec


class Share(Struct, frozen=True):
    """``public``: what is sent; ``exchange``: from the peer's public value to the secret."""

    group: int
    public: bytes
    exchange: Callable[[bytes], bytes]


def new_share(group: int) -> Share:
    """A fresh key for one of ``parameters.GROUPS``."""
    return _x25519() if group == parameters.X25519 else _elliptic(group)


def post_quantum_share() -> Share:
    """Of ML-KEM-768 with X25519, to see whether a hello of that size arrives.

    The key is well-formed (FIPS 203, 7.2: coefficients below 3329) and nobody's: what the
    server makes of it cannot be opened.
    """
    coefficients = [int.from_bytes(os.urandom(4), "big") % 3329 for _ in range(768)]
    packed = b"".join(
        (low | high << 12).to_bytes(3, "little")
        for low, high in zip(coefficients[::2], coefficients[1::2], strict=True)
    )
    classical = _x25519()

    def exchange(_peer: bytes) -> bytes:
        raise protocol_error("the server chose the key share that was sent for its size")

    public = packed + os.urandom(32) + classical.public
    return Share(parameters.POST_QUANTUM, public, exchange)


def _x25519() -> Share:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    private = X25519PrivateKey.generate()

    def exchange(peer: bytes) -> bytes:
        try:
            return private.exchange(X25519PublicKey.from_public_bytes(peer))
        except ValueError:
            raise protocol_error("the server's X25519 key share is malformed") from None

    return Share(parameters.X25519, private.public_key().public_bytes_raw(), exchange)


def _elliptic(group: int) -> Share:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    curve = _curve(group)
    private = ec.generate_private_key(curve)

    def exchange(peer: bytes) -> bytes:
        try:
            public = ec.EllipticCurvePublicKey.from_encoded_point(curve, peer)
        except ValueError:
            raise protocol_error(f"the server's {curve.name} key share is malformed") from None
        return private.exchange(ec.ECDH(), public)

    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return Share(group, point, exchange)


def _curve(group: int) -> ec.EllipticCurve:
    from cryptography.hazmat.primitives.asymmetric import ec

    curves: dict[int, ec.EllipticCurve] = {
        parameters.P256: ec.SECP256R1(),
        parameters.P384: ec.SECP384R1(),
        parameters.P521: ec.SECP521R1(),
    }
    return curves[group]
