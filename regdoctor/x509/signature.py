"""Did this parent sign this child? Go's CheckSignatureFrom: its order and its words."""

from __future__ import annotations

import enum
import hashlib
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from regdoctor.x509.certificate import Certificate
from regdoctor.x509.extensions import KEY_CERT_SIGN
from regdoctor.x509.keys import KeyKind, PublicKey, SignatureAlgorithm
from regdoctor.x509.release import LATEST, Release, release

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec


class SignatureFault(enum.StrEnum):
    """What was wrong; the words are in the text."""

    NOT_A_CA = "not-a-ca"
    INSECURE_ALGORITHM = "insecure-algorithm"
    UNIMPLEMENTED = "unimplemented"
    KEY_TYPE = "key-type"
    WEAK_KEY = "weak-key"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class Refusal:
    """``text``: what Go puts into the hint."""

    fault: SignatureFault
    text: str


_UNIMPLEMENTED = Refusal(
    SignatureFault.UNIMPLEMENTED, "x509: cannot verify signature: algorithm unimplemented"
)
_RSA_MISMATCH = Refusal(SignatureFault.MISMATCH, "crypto/rsa: verification error")

# DigestInfo of PKCS #1 up to the digest itself (RFC 8017, section 9.2, note 1).
_DIGEST_INFO: Final = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


def check(child: Certificate, parent: Certificate, release: Release) -> Refusal | None:
    """``None`` if ``parent`` may sign certificates and did sign ``child``."""
    if (
        (parent.version == 3 and not parent.has_basic_constraints)
        or (parent.has_basic_constraints and not parent.is_ca)
        or (parent.key_usage and not parent.key_usage & KEY_CERT_SIGN)
    ):
        return Refusal(
            SignatureFault.NOT_A_CA,
            "x509: invalid signature: parent certificate cannot sign this kind of certificate",
        )
    algorithm = child.signature_algorithm
    if parent.key is None or algorithm is None:
        return _UNIMPLEMENTED
    if algorithm.digest == "md5" or (algorithm.digest == "sha1" and not release.accepts_sha1):
        return _insecure(algorithm, release)
    return _check_key(parent.key, algorithm, child, release)


def verifies(child: Certificate, key: PublicKey) -> bool:
    """Is the signature good, without regard to what Go thinks of algorithm and key?"""
    algorithm = child.signature_algorithm
    if algorithm is None or algorithm.digest == "md5":
        return False
    return _check_key(key, algorithm, child, release(LATEST, "rsa1024min=0")) is None


def _insecure(algorithm: SignatureAlgorithm, release: Release) -> Refusal:
    override = ""
    if release.sha1_override_text and algorithm.digest == "sha1":
        override = " (temporarily override with GODEBUG=x509sha1=1)"
    message = f"x509: cannot verify signature: insecure algorithm {algorithm.name}{override}"
    return Refusal(SignatureFault.INSECURE_ALGORITHM, message)


def _check_key(
    key: PublicKey, algorithm: SignatureAlgorithm, child: Certificate, release: Release
) -> Refusal | None:
    if key.kind is KeyKind.DSA:
        return _UNIMPLEMENTED
    if key.kind is not algorithm.key:
        wanted, have = algorithm.key.value, key.kind.go_type
        message = (
            f"x509: signature algorithm specifies an {wanted} public key, "
            f"but have public key of type {have}"
        )
        return Refusal(SignatureFault.KEY_TYPE, message)
    if key.kind is KeyKind.MLDSA and key.curve != algorithm.name:
        message = (
            f"x509: signature algorithm specifies an ML-DSA public key with {algorithm.name} "
            f"parameters, but have a public key with {key.curve} parameters"
        )
        return Refusal(SignatureFault.KEY_TYPE, message)
    if key.kind is KeyKind.RSA:
        return _rsa(key, algorithm, child, release)
    if _good(key, algorithm, child.tbs, child.signature):
        return None
    message = f"x509: {key.kind.value} verification failure"
    if key.kind is KeyKind.MLDSA:
        message += f": mldsa: invalid signature{_mldsa_cause(key.curve, child.signature)}"
    return Refusal(SignatureFault.MISMATCH, message)


# FIPS 204, tables 1 and 2: octets of a signature, the most hints in it, polynomials with hints.
_MLDSA_SIGNATURE: Final = {
    "ML-DSA-44": (2420, 80, 4),
    "ML-DSA-65": (3309, 55, 6),
    "ML-DSA-87": (4627, 75, 8),
}


def _mldsa_cause(parameters: str, signature: bytes) -> str:
    """What Go adds: a wrong length, or hints that are not encoded as algorithm 21 has them."""
    length, most, polynomials = _MLDSA_SIGNATURE[parameters]
    if len(signature) != length:
        return " length"
    hints = signature[length - most - polynomials :]
    begin = 0
    for end in hints[most:]:
        if not begin <= end <= most:
            return " encoding"
        run = hints[begin:end]
        if any(one >= other for one, other in itertools.pairwise(run)):
            return " encoding"
        begin = end
    return " encoding" if any(hints[begin:most]) else ""


def rsa_fault(key: PublicKey, release: Release) -> str:
    """What crypto/rsa says of a key before it looks at a signature; empty if nothing."""
    size = key.modulus.bit_length()
    if size < release.minimum_rsa:
        return (
            f"crypto/rsa: {size}-bit keys are insecure "
            "(see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)"
        )
    if not release.names_rsa_faults:
        return ""
    if key.modulus % 2 == 0:
        return "crypto/rsa: public modulus is even"
    if key.exponent < 2:
        return "crypto/rsa: public exponent too small or negative"
    if key.exponent % 2 == 0:
        return "crypto/rsa: public exponent is even"
    if key.exponent > 2**31 - 1:
        return "crypto/rsa: public exponent too large"
    return ""


def _rsa(
    key: PublicKey, algorithm: SignatureAlgorithm, child: Certificate, release: Release
) -> Refusal | None:
    fault = rsa_fault(key, release)
    if fault:
        return Refusal(SignatureFault.WEAK_KEY, fault)
    check = _pss_good if algorithm.pss else _pkcs1_good
    return None if check(key, algorithm, child.tbs, child.signature) else _RSA_MISMATCH


def _pkcs1_good(
    key: PublicKey, algorithm: SignatureAlgorithm, signed: bytes, signature: bytes
) -> bool:
    """RFC 8017, section 8.2.2. By hand, as PSS below, because ``cryptography`` refuses sizes and
    exponents that older Go releases accept; everything here is public."""
    message = _recovered(key, signature)
    if message is None:
        return False
    size = (key.modulus.bit_length() + 7) // 8
    info = _DIGEST_INFO.get(algorithm.digest) or _SHA1_INFO
    tail = info + hashlib.new(algorithm.digest, signed, usedforsecurity=False).digest()
    padding = size - len(tail) - 3
    if padding < 8:
        return False
    expected = b"\x00\x01" + b"\xff" * padding + b"\x00" + tail
    return message.to_bytes(size, "big") == expected


_SHA1_INFO: Final = bytes.fromhex("3021300906052b0e03021a05000414")


def _pss_good(
    key: PublicKey, algorithm: SignatureAlgorithm, signed: bytes, signature: bytes
) -> bool:
    """RFC 8017, sections 8.1.2 and 9.1.2, with a salt as long as the digest."""
    hashed = hashlib.new(algorithm.digest, signed).digest()
    message = _recovered(key, signature)
    bits = key.modulus.bit_length() - 1
    length = (bits + 7) // 8
    if message is None or message >> 8 * length or length < 2 * len(hashed) + 2:
        return False
    octets = message.to_bytes(length, "big")
    cut = length - len(hashed) - 1
    masked, inner = int.from_bytes(octets[:cut], "big"), octets[cut:-1]
    if octets[-1] != 0xBC or masked >> 8 * cut - (8 * length - bits):
        return False
    mask = b"".join(
        hashlib.new(algorithm.digest, inner + counter.to_bytes(4, "big")).digest()
        for counter in range(cut // len(hashed) + 1)
    )
    unused = (1 << 8 * cut - (8 * length - bits)) - 1
    block = ((masked ^ int.from_bytes(mask[:cut], "big")) & unused).to_bytes(cut, "big")
    padding, salt = block[: -len(hashed)], block[-len(hashed) :]
    expected = hashlib.new(algorithm.digest, bytes(8) + hashed + salt).digest()
    return padding == bytes(len(padding) - 1) + b"\x01" and inner == expected


def _recovered(key: PublicKey, signature: bytes) -> int | None:
    """The number that was signed; ``None`` if the signature is not one of this key's size."""
    value = int.from_bytes(signature, "big")
    if len(signature) != (key.modulus.bit_length() + 7) // 8 or value >= key.modulus:
        return None
    return pow(value, key.exponent, key.modulus)


def _good(key: PublicKey, algorithm: SignatureAlgorithm, signed: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    check = {KeyKind.ECDSA: _ecdsa, KeyKind.ED25519: _ed25519, KeyKind.MLDSA: _mldsa}[key.kind]
    try:
        check(key, algorithm, signed, signature)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _ecdsa(key: PublicKey, algorithm: SignatureAlgorithm, signed: bytes, signature: bytes) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    digest: hashes.HashAlgorithm = {
        "sha1": hashes.SHA1(),  # noqa: S303 - only ``verifies`` asks: who signed, not how well
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
    }[algorithm.digest]
    public = ec.EllipticCurvePublicKey.from_encoded_point(_curve(key.curve), key.octets)
    hashed = hashlib.new(algorithm.digest, signed, usedforsecurity=False).digest()
    public.verify(signature, hashed, ec.ECDSA(Prehashed(digest)))


def _curve(name: str) -> ec.EllipticCurve:
    from cryptography.hazmat.primitives.asymmetric import ec

    curves: dict[str, ec.EllipticCurve] = {
        "P-224": ec.SECP224R1(),
        "P-256": ec.SECP256R1(),
        "P-384": ec.SECP384R1(),
        "P-521": ec.SECP521R1(),
    }
    return curves[name]


def _ed25519(key: PublicKey, _: SignatureAlgorithm, signed: bytes, signature: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    Ed25519PublicKey.from_public_bytes(key.octets).verify(signature, signed)


def _mldsa(key: PublicKey, _: SignatureAlgorithm, signed: bytes, signature: bytes) -> None:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        from cryptography.hazmat.primitives.asymmetric import mldsa
    except ImportError:
        raise UnsupportedAlgorithm("this cryptography release has no ML-DSA") from None
    kinds: dict[str, Any] = {
        "ML-DSA-44": mldsa.MLDSA44PublicKey,
        "ML-DSA-65": mldsa.MLDSA65PublicKey,
        "ML-DSA-87": mldsa.MLDSA87PublicKey,
    }
    kinds[key.curve].from_public_bytes(key.octets).verify(signature, signed)
