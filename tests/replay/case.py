"""One executed chain of a file, as arguments of ``verify``.

A case has ``id``, ``chain`` (PEM as sent, or junk), ``roots`` (PEM files, or null: the system's,
which ``system_store`` describes), ``name`` and ``time``; ``leaf_key`` names the key that the server
signs the handshake with. Fields that are not known here are passed over.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import functools
import hashlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from regdoctor.x509 import LATEST, ParseError, Verdict, parse, release, verify
from regdoctor.x509.der import SEQUENCE, Der
from regdoctor.x509.keys import KeyKind

Case = dict[str, Any]

# The orders of the groups (SEC 2): a private key is a number below it.
_CURVES: dict[str, tuple[ec.EllipticCurve, int]] = {
    "p224": (
        ec.SECP224R1(),
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFF16A2E0B8F03E13DD29455C5C2A3D,
    ),
    "p256": (
        ec.SECP256R1(),
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    ),
    "p384": (
        ec.SECP384R1(),
        int(
            "ffffffffffffffffffffffffffffffffffffffffffffffff"
            "c7634d81f4372ddf581a0db248b0a77aecec196accc52973",
            16,
        ),
    ),
    "p521": (
        ec.SECP521R1(),
        int(
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa"
            "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
            16,
        ),
    ),
}


def der(pem: str) -> bytes:
    """The octets of one PEM block; of what is no PEM block, its own octets."""
    body = "".join(line for line in pem.splitlines() if "-----" not in line)
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        return pem.encode()


def chain(case: Case) -> list[bytes]:
    return [der(each) for each in case["chain"]]


def judge(
    case: Case,
    go: str = LATEST,
    godebug: str = "",
    *,
    tls13: bool = True,
    name: str | None = None,
    insecure: bool = False,
) -> Verdict:
    """``verify`` on a case; a system store stands in for the pool that was not given."""
    roots, problem = case.get("roots"), ""
    if roots is None:
        store = case.get("system_store") or {}
        roots = [store["pem"]] if store.get("pem") else []
        if store.get("kind") == "directory":
            problem = "read {SSL_CERT_FILE}: is a directory"
    return verify(
        chain(case),
        [each.encode() for each in roots],
        case["name"] if name is None else name,
        dt.datetime.fromisoformat(case["time"]),
        go,
        godebug=godebug,
        tls13=tls13,
        key_matches=holds_its_key(case),
        insecure=insecure,
        roots_error=problem,
    )


_OF_THE_HANDSHAKE = ("tls", "tls12", "http", "insecure", "server_sees")
_OTHER_KEY = ("invalid signature by the server certificate", "error decrypting message")


def holds_its_key(case: Case) -> bool:
    """Is the key that the server signs with that of the first certificate sent? It is no property
    of the chain: without a ``leaf_key`` nothing but what a handshake said of it can tell."""
    named = case.get("leaf_key")
    if not named or not case["chain"]:
        told = (str(case.get(field) or "") for field in _OF_THE_HANDSHAKE)
        return not any(sign in each for each in told for sign in _OTHER_KEY)
    try:
        key = parse(chain(case)[0], release(LATEST)).key
    except ParseError:
        return True
    if key is None:
        return True
    if key.kind is KeyKind.RSA:
        return _modulus(named) in (None, key.modulus)
    return _public(named) in (None, key.octets)


@functools.cache
def _public(label: str) -> bytes | None:
    """The public key of ``p256:leaf`` and the like; ``None`` for a label of another kind."""
    kind, _, rest = label.partition(":")
    if kind in _CURVES:
        curve, order = _CURVES[kind]
        digest = hashlib.sha512(f"gox509/{rest}".encode()).digest()
        secret = int.from_bytes(digest, "big") % (order - 1) + 1
        public = ec.derive_private_key(secret, curve).public_key()
        return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    if kind == "ed25519":
        digest = hashlib.sha512(f"gox509/{rest}".encode()).digest()
        edwards = ed25519.Ed25519PrivateKey.from_private_bytes(digest[:32]).public_key()
        return edwards.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return b"" if "PRIVATE KEY" in label else None


def _modulus(pem: str) -> int | None:
    """The modulus of an RSA key in PKCS #1 form; ``None`` for a key of another form."""
    if "BEGIN RSA PRIVATE KEY" not in pem:
        return 0 if pem.partition(":")[0] in (*_CURVES, "ed25519") else None
    inside = Der(der(pem)).inside(SEQUENCE)
    if inside is None or inside.integer() is None:
        return None
    return inside.integer()
