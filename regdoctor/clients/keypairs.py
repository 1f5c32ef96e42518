"""CA files and client pairs read from disk, with the words that clients have for failures."""

from __future__ import annotations

import re

from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.plan import ClientPair

_CERTIFICATE = re.compile(rb"-----BEGIN (TRUSTED )?CERTIFICATE-----")
_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
NO_KEY = "tls: found a certificate rather than a key in the PEM for the private key"
NO_CERTIFICATE = 'tls: failed to find "CERTIFICATE" PEM block in certificate input'
NO_PEM_KEY = "tls: failed to find any PEM data in key input"


def holds_certificate(content: bytes) -> bool:
    return _CERTIFICATE.search(content) is not None


def holds_key(content: bytes) -> bool:
    return _KEY.search(content) is not None


def load_pair(files: Filesystem, certificate: str, key: str) -> tuple[ClientPair | None, str]:
    """The pair, or Go's words (tls.LoadX509KeyPair). A key that stands in a listing alone, as
    the probe leaves it, is taken to be a good one."""
    read = files.read(certificate)
    if read.error:
        return None, f"open {certificate}: {read.error}"
    if not holds_certificate(read.content):
        return None, NO_CERTIFICATE
    other = files.read(key)
    if other.error and not files.is_file(key):
        return None, f"open {key}: {other.error}"
    if not other.error and not holds_key(other.content):
        return None, NO_KEY if holds_certificate(other.content) else NO_PEM_KEY
    return ClientPair(certificate, key, read.content), ""
