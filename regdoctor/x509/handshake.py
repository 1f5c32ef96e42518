"""What crypto/tls refuses although x509 accepts: keys it cannot use, and a key not held."""

from __future__ import annotations

from regdoctor.x509.certificate import Certificate
from regdoctor.x509.fault import Fault, Kind
from regdoctor.x509.keys import KeyKind
from regdoctor.x509.release import Release

_SIGNING = (KeyKind.RSA, KeyKind.ECDSA, KeyKind.ED25519, KeyKind.MLDSA)
# The shortest signature that TLS 1.3 asks of an RSA key: PSS with SHA-256 and its salt.
_PSS_MINIMUM = 8 * (2 * 32 + 2)


def oversized_rsa(certificate: Certificate, release: Release) -> bool:
    """An RSA key longer than crypto/tls wants to compute with."""
    key, limit = certificate.key, release.rsa_limit
    if key is None or key.kind is not KeyKind.RSA or limit is None:
        return False
    return key.modulus.bit_length() > limit


def after_verification(
    leaf: Certificate, release: Release, *, tls13: bool, key_matches: bool
) -> Fault | None:
    """The faults that the handshake itself finds in the leaf's key."""
    key = leaf.key
    if key is None or key.kind not in _SIGNING:
        shown = "<nil>" if key is None else key.kind.go_type
        text = f"tls: server's certificate contains an unsupported type of public key: {shown}"
        return Fault(Kind.KEY_TYPE, text, culprit=leaf)
    if key.kind is KeyKind.MLDSA and not tls13:
        text = "tls: server's certificate uses ML-DSA, which requires TLS 1.3"
        return Fault(Kind.KEY_TYPE, text, culprit=leaf)
    if key.kind is KeyKind.RSA and key.modulus.bit_length() < _PSS_MINIMUM:
        return _short_rsa(key.modulus.bit_length(), release, tls13=tls13)
    if tls13 and key.curve == "P-224" and release.refuses_p224_leaf:
        text = "tls: certificate used with invalid signature algorithm"
        return Fault(Kind.KEY_TYPE, text, culprit=leaf)
    if not key_matches:
        cause = {
            KeyKind.RSA: "crypto/rsa: verification error",
            KeyKind.ECDSA: "ECDSA verification failure",
            KeyKind.ED25519: "Ed25519 verification failure",
            KeyKind.MLDSA: "ML-DSA verification failure",
        }[key.kind]
        text = f"tls: invalid signature by the server certificate: {cause}"
        return Fault(Kind.HANDSHAKE_KEY, text, culprit=leaf)
    return None


def _short_rsa(bits: int, release: Release, *, tls13: bool) -> Fault | None:
    """TLS 1.3 finds no signature scheme for so short a key (the server says so); TLS 1.2 does,
    and crypto/rsa objects."""
    if tls13:
        return Fault(Kind.KEY_TYPE, "remote error: tls: handshake failure")
    if bits >= release.minimum_rsa:
        return None
    cause = (
        f"crypto/rsa: {bits}-bit keys are insecure "
        "(see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)"
    )
    text = f"tls: invalid signature by the server certificate: {cause}"
    return Fault(Kind.KEY_TYPE, text)
