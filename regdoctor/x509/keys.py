"""Public keys and signature algorithms, as Go's parser reads them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from regdoctor.x509 import der
from regdoctor.x509.der import Der


class KeyKind(enum.Enum):
    """What Go knows; the value is the name its messages use."""

    RSA = "RSA"
    DSA = "DSA"
    ECDSA = "ECDSA"
    ED25519 = "Ed25519"
    MLDSA = "ML-DSA"

    @property
    def go_type(self) -> str:
        return {
            KeyKind.RSA: "*rsa.PublicKey",
            KeyKind.DSA: "*dsa.PublicKey",
            KeyKind.ECDSA: "*ecdsa.PublicKey",
            KeyKind.ED25519: "ed25519.PublicKey",
            KeyKind.MLDSA: "*mldsa.PublicKey",
        }[self]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """``curve``: P-224 to P-521, or the ML-DSA parameter set; ``octets``: point or key."""

    kind: KeyKind
    modulus: int = 0
    exponent: int = 0
    curve: str = ""
    octets: bytes = b""

    def __str__(self) -> str:
        """For people: ``RSA 2048 bits``, ``ECDSA P-256``."""
        if self.kind is KeyKind.RSA:
            return f"RSA {self.modulus.bit_length()} bits"
        return " ".join(filter(None, (self.kind.value, self.curve)))


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """``name`` as Go prints it; ``digest`` as hashlib names it, empty if there is none."""

    name: str
    key: KeyKind
    digest: str = ""
    pss: bool = False


_RSA_KEY: Final = "1.2.840.113549.1.1.1"
_DSA_KEY: Final = "1.2.840.10040.4.1"
_EC_KEY: Final = "1.2.840.10045.2.1"
_ED25519: Final = "1.3.101.112"
_PSS: Final = "1.2.840.113549.1.1.10"
_MGF1: Final = "1.2.840.113549.1.1.8"

_SHA1_RSA = SignatureAlgorithm("SHA1-RSA", KeyKind.RSA, "sha1")
_ALGORITHMS: Final = {
    "1.2.840.113549.1.1.4": SignatureAlgorithm("MD5-RSA", KeyKind.RSA, "md5"),
    "1.2.840.113549.1.1.5": _SHA1_RSA,
    "1.3.14.3.2.29": _SHA1_RSA,
    "1.2.840.113549.1.1.11": SignatureAlgorithm("SHA256-RSA", KeyKind.RSA, "sha256"),
    "1.2.840.113549.1.1.12": SignatureAlgorithm("SHA384-RSA", KeyKind.RSA, "sha384"),
    "1.2.840.113549.1.1.13": SignatureAlgorithm("SHA512-RSA", KeyKind.RSA, "sha512"),
    "1.2.840.10040.4.3": SignatureAlgorithm("DSA-SHA1", KeyKind.DSA, "sha1"),
    "2.16.840.1.101.3.4.3.2": SignatureAlgorithm("DSA-SHA256", KeyKind.DSA, "sha256"),
    "1.2.840.10045.4.1": SignatureAlgorithm("ECDSA-SHA1", KeyKind.ECDSA, "sha1"),
    "1.2.840.10045.4.3.2": SignatureAlgorithm("ECDSA-SHA256", KeyKind.ECDSA, "sha256"),
    "1.2.840.10045.4.3.3": SignatureAlgorithm("ECDSA-SHA384", KeyKind.ECDSA, "sha384"),
    "1.2.840.10045.4.3.4": SignatureAlgorithm("ECDSA-SHA512", KeyKind.ECDSA, "sha512"),
    _ED25519: SignatureAlgorithm("Ed25519", KeyKind.ED25519),
}
# FIPS 204 parameter sets: dotted type -> (name, octets of a public key).
_MLDSA: Final = {
    "2.16.840.1.101.3.4.3.17": ("ML-DSA-44", 1312),
    "2.16.840.1.101.3.4.3.18": ("ML-DSA-65", 1952),
    "2.16.840.1.101.3.4.3.19": ("ML-DSA-87", 2592),
}
_PSS_DIGESTS: Final = {
    "2.16.840.1.101.3.4.2.1": ("sha256", 32),
    "2.16.840.1.101.3.4.2.2": ("sha384", 48),
    "2.16.840.1.101.3.4.2.3": ("sha512", 64),
}


@dataclass(frozen=True, slots=True)
class _Curve:
    """y^2 = x^3 - 3x + b over the integers modulo ``prime``."""

    name: str
    octets: int
    prime: int
    b: int


_CURVES: Final = {
    "1.3.132.0.33": _Curve(
        "P-224",
        28,
        2**224 - 2**96 + 1,
        0xB4050A850C04B3ABF54132565044B0B7D7BFD8BA270B39432355FFB4,
    ),
    "1.2.840.10045.3.1.7": _Curve(
        "P-256",
        32,
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    ),
    "1.3.132.0.34": _Curve(
        "P-384",
        48,
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
    ),
    "1.3.132.0.35": _Curve(
        "P-521",
        66,
        2**521 - 1,
        0x051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00,
    ),
}


class KeyFormatError(Exception):
    """The key does not parse; ``str`` is Go's text."""


def signature_algorithm(oid: str, parameters: bytes, *, mldsa: bool) -> SignatureAlgorithm | None:
    """The algorithm of a signature; ``None`` for what Go does not implement."""
    if oid == _PSS:
        return _pss_algorithm(parameters)
    if oid in _MLDSA:
        known = mldsa and not parameters
        return SignatureAlgorithm(_MLDSA[oid][0], KeyKind.MLDSA) if known else None
    if oid == _ED25519 and parameters:
        return None
    return _ALGORITHMS.get(oid)


def _pss_algorithm(parameters: bytes) -> SignatureAlgorithm | None:
    """PSS with the digest named twice, a salt of its length and the default trailer."""
    outer = Der(parameters).inside(der.SEQUENCE)
    if outer is None:
        return None
    digest = _explicit_algorithm(outer, 0)
    mask = _explicit_algorithm(outer, 1)
    salt = outer.inside(der.context(2, constructed=True))
    if digest is None or mask is None or salt is None or mask[0] != _MGF1:
        return None
    inner = _algorithm(Der(mask[1]))
    if inner is None or inner[0] != digest[0] or not _null_or_nothing(digest[1], inner[1]):
        return None
    if digest[0] not in _PSS_DIGESTS:
        return None
    name, length = _PSS_DIGESTS[digest[0]]
    if salt.integer() != length or not _default_trailer(outer):
        return None
    return SignatureAlgorithm(f"{name.upper()}-RSAPSS", KeyKind.RSA, name, pss=True)


def _null_or_nothing(*parameters: bytes) -> bool:
    return all(each in (b"", der.NULL) for each in parameters)


def _default_trailer(outer: Der) -> bool:
    """The trailer field is 1 or left out; an empty element in its place Go does not read."""
    if not outer:
        return True
    found = outer.any()
    if found is None or (not found[1] and not outer):
        return False
    return found[0] != der.context(3, constructed=True) or Der(found[1]).integer() == 1


def _explicit_algorithm(outer: Der, number: int) -> tuple[str, bytes] | None:
    wrapped = outer.inside(der.context(number, constructed=True))
    return None if wrapped is None else _algorithm(wrapped)


def _algorithm(reader: Der) -> tuple[str, bytes] | None:
    """(dotted type, parameters as an element or nothing) of an AlgorithmIdentifier."""
    inside = reader.inside(der.SEQUENCE)
    oid = inside.identifier() if inside is not None else None
    if inside is None or oid is None:
        return None
    if not inside:
        return oid, b""
    found = inside.any()
    return None if found is None else (oid, found[2])


def public_key(
    oid: str, parameters: bytes, octets: bytes, *, old_point_text: bool, mldsa: bool
) -> PublicKey | None:
    """The key of a certificate, or ``None`` if its type is unknown. Raises KeyFormatError."""
    if oid == _RSA_KEY:
        return _rsa(parameters, octets)
    if oid == _EC_KEY:
        return _elliptic(parameters, octets, old_point_text=old_point_text)
    if oid == _ED25519:
        return _ed25519(parameters, octets)
    if oid == _DSA_KEY:
        return _dsa(parameters, octets)
    if oid in _MLDSA and mldsa:
        name, length = _MLDSA[oid]
        if parameters:
            raise KeyFormatError("x509: ML-DSA key encoded with illegal parameters")
        if len(octets) != length:
            raise KeyFormatError("mldsa: invalid public key length")
        return PublicKey(KeyKind.MLDSA, curve=name, octets=octets)
    return None


def _rsa(parameters: bytes, octets: bytes) -> PublicKey:
    if parameters != der.NULL:
        raise KeyFormatError("x509: RSA key missing NULL parameters")
    inside = Der(octets).inside(der.SEQUENCE)
    if inside is None:
        raise KeyFormatError("x509: invalid RSA public key")
    modulus = inside.integer()
    if modulus is None:
        raise KeyFormatError("x509: invalid RSA modulus")
    exponent = inside.small_integer()
    if exponent is None:
        raise KeyFormatError("x509: invalid RSA public exponent")
    if modulus <= 0:
        raise KeyFormatError("x509: RSA modulus is not a positive number")
    if exponent <= 0:
        raise KeyFormatError("x509: RSA public exponent is not a positive number")
    return PublicKey(KeyKind.RSA, modulus=modulus, exponent=exponent)


def _elliptic(parameters: bytes, octets: bytes, *, old_point_text: bool) -> PublicKey:
    oid = Der(parameters).identifier()
    if oid is None:
        raise KeyFormatError("x509: invalid ECDSA parameters")
    curve = _CURVES.get(oid)
    if curve is None:
        raise KeyFormatError("x509: unsupported elliptic curve")
    fault = _point_fault(curve, octets)
    if fault:
        raise KeyFormatError(
            "x509: failed to unmarshal elliptic curve point" if old_point_text else fault
        )
    return PublicKey(KeyKind.ECDSA, curve=curve.name, octets=octets)


def _point_fault(curve: _Curve, octets: bytes) -> str:
    name = curve.name.replace("-", "")
    if octets[:1] != b"\x04":
        return "ecdsa: invalid uncompressed public key"
    if len(octets) != 1 + 2 * curve.octets:
        return f"invalid {name} point encoding"
    x = int.from_bytes(octets[1 : 1 + curve.octets], "big")
    y = int.from_bytes(octets[1 + curve.octets :], "big")
    if x >= curve.prime or y >= curve.prime:
        # P-256 has code, and so words, of its own.
        return (
            f"invalid {name} element encoding"
            if name == "P256"
            else f"invalid {name}Element encoding"
        )
    if (y * y - (x * x * x - 3 * x + curve.b)) % curve.prime:
        return f"{name} point not on curve"
    return ""


def _ed25519(parameters: bytes, octets: bytes) -> PublicKey:
    if parameters:
        raise KeyFormatError("x509: Ed25519 key encoded with illegal parameters")
    if len(octets) != 32:
        raise KeyFormatError("x509: wrong Ed25519 public key size")
    return PublicKey(KeyKind.ED25519, octets=octets)


def _dsa(parameters: bytes, octets: bytes) -> PublicKey:
    numbers = [Der(octets).integer()]
    if numbers[0] is None:
        raise KeyFormatError("x509: invalid DSA public key")
    inside = Der(parameters).inside(der.SEQUENCE)
    if inside is None:
        raise KeyFormatError("x509: invalid DSA parameters")
    for _ in "pqg":
        numbers.append(inside.integer())
        if numbers[-1] is None:
            raise KeyFormatError("x509: invalid DSA parameters")
    if any(each is not None and each <= 0 for each in numbers):
        raise KeyFormatError("x509: zero or negative DSA parameter")
    return PublicKey(KeyKind.DSA, octets=octets)
