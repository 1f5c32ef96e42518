"""Whom a connection believes: roots, a client certificate, or nobody's word at all."""

from __future__ import annotations

import ssl
from pathlib import Path

from msgspec import Struct

from builder.errors import BuilderError
from builder.transport.roots import RootPool


class ClientCertificateError(BuilderError):
    """A client certificate and key that cannot be loaded as a pair."""

    def __init__(self, certificate: Path, key: Path, why: str) -> None:
        super().__init__(f"failed to load keypair for {certificate}: {why}")
        self.certificate = certificate
        self.key = key


class ClientCertificate(Struct, frozen=True):
    """PEM files of a certificate (with its chain) and of its key."""

    certificate: Path
    key: Path


class Trust(Struct, frozen=True):
    """How the server is verified. Equal trusts share connections."""

    roots: RootPool
    insecure: bool = False
    client_certificates: tuple[ClientCertificate, ...] = ()


# What Go's client offers since 1.22, and nothing more: a server that has none of these fails
# here as it fails there. Go, too, takes RSA keys of 1024 bits and refuses SHA-1: OpenSSL's level
# 1, not the level 2 that CPython asks for.
_CIPHERS = (
    "@SECLEVEL=1:ECDH+AESGCM:ECDH+CHACHA20:"
    "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:"
    "!aNULL:!eNULL"
)


def ssl_context(trust: Trust) -> ssl.SSLContext:
    """A client context that believes ``trust`` and nothing else.

    As Go does: subject alternative names only, and any certificate of the pool ends a chain,
    be it a root or not. Raises ClientCertificateError.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    context.hostname_checks_common_name = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if trust.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        _load(context, trust.roots.certificates)
    for pair in trust.client_certificates:
        try:
            context.load_cert_chain(pair.certificate, pair.key, password=_no_password)
        except (OSError, ssl.SSLError) as error:
            why = error.strerror or str(error)
            raise ClientCertificateError(pair.certificate, pair.key, why) from error
    return context


def _no_password() -> str:
    return ""  # an encrypted key is an error; OpenSSL would ask on the terminal


def _load(context: ssl.SSLContext, certificates: tuple[bytes, ...]) -> None:
    if not certificates:
        return
    try:
        context.load_verify_locations(cadata=b"".join(certificates))
    except ssl.SSLError:
        # One that OpenSSL cannot parse spoils the batch; Go skips just that one.
        for certificate in certificates:
            try:
                context.load_verify_locations(cadata=certificate)
            except ssl.SSLError:
                continue
