"""Authorities and certificates by the names that cases have for them, made for this run."""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
from collections.abc import Mapping, Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITIES = (
    "pub",
    "ca-hub",
    "ca-mirror",
    "ca-mirror2",
    "ca-reg",
    "ca-auth",
    "ca-blobs",
    "ca-loop",
    "ca-client",
    "ca-other",
)
LEAVES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "hub": (
        "pub",
        ("registry-1.docker.io", "auth.docker.io", "index.docker.io", "docker.io", "10.77.0.10"),
    ),
    "hub-priv": ("ca-hub", ("registry-1.docker.io", "index.docker.io", "docker.io")),
    "mirror": ("ca-mirror", ("mirror.example", "10.77.0.20")),
    "mirror2": ("ca-mirror2", ("mirror2.example", "10.77.0.21")),
    "mirror-pub": ("pub", ("mirror.example", "mirror2.example", "10.77.0.20", "10.77.0.21")),
    "reg": ("ca-reg", ("reg.example", "*.reg.example", "10.77.0.30")),
    "reg-pub": ("pub", ("reg.example", "10.77.0.30")),
    "ghcr": ("pub", ("ghcr.io",)),
    "auth": ("ca-auth", ("auth.example",)),
    "auth-pub": ("pub", ("auth.example",)),
    "blobs": ("ca-blobs", ("blobs.example",)),
    "blobs-pub": ("pub", ("blobs.example",)),
    "loop": ("ca-loop", ("localhost", "127.0.0.1", "::1")),
    "wrongname": ("pub", ("other.invalid",)),
}
"""Per leaf its authority and its names."""
CLIENTS = ("client-a", "client-b")

_Key = ec.EllipticCurvePrivateKey


@functools.cache
def pki() -> dict[str, str]:
    """PEM texts by name; the key of ``NAME`` is ``NAME.key``."""
    made: dict[str, str] = {}
    issuers: dict[str, tuple[x509.Certificate, _Key]] = {}
    for name in AUTHORITIES:
        key = ec.generate_private_key(ec.SECP256R1())
        issuers[name] = _certificate(name, key, None), key
        made[name] = _pem(issuers[name][0])
    for name, (issuer, names) in LEAVES.items():
        made |= _leaf(name, issuers[issuer], names, ExtendedKeyUsageOID.SERVER_AUTH)
    for name in CLIENTS:
        made |= _leaf(name, issuers["ca-client"], (), ExtendedKeyUsageOID.CLIENT_AUTH)
    return made


def tls(leaf: str) -> dict[str, object]:
    """The ``tls`` of a server, as cases have it."""
    issuer, names = LEAVES[leaf]
    return {"leaf": leaf, "issuer": issuer, "names": list(names)}


def _leaf(
    name: str,
    issuer: tuple[x509.Certificate, _Key],
    names: Sequence[str],
    usage: x509.ObjectIdentifier,
) -> dict[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    written = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    certificate = _certificate(name, key, issuer, names, usage)
    return {name: _pem(certificate), f"{name}.key": written.decode()}


def _certificate(
    name: str,
    key: _Key,
    issuer: tuple[x509.Certificate, _Key] | None,
    names: Sequence[str] = (),
    usage: x509.ObjectIdentifier | None = None,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_general(each) for each in names]), critical=False
        )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256())


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
