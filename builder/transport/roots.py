"""Root pools, found where Go looks for them on Linux (root_unix.go, root_linux.go)."""

from __future__ import annotations

import binascii
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from builder.transport.rooted import inside, read_regular

BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
DIRECTORIES = ("/etc/ssl/certs", "/etc/pki/tls/certs")

_MOST_BYTES = 8 << 20
"""Of one file of a pool; the bundles of distributions have a quarter of a megabyte."""
_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


class RootPool(Struct, frozen=True):
    """``certificates`` (DER, without duplicates) and the files or names they came from."""

    certificates: tuple[bytes, ...] = ()
    sources: tuple[str, ...] = ()

    def with_pem(self, data: bytes, source: str) -> RootPool:
        """This pool and the certificates of ``data``; blocks of other kinds are ignored."""
        known = dict.fromkeys(self.certificates)
        known.update(dict.fromkeys(certificates_of(data)))
        return RootPool(tuple(known), (*self.sources, source))

    def with_files(self, paths: Iterable[Path]) -> RootPool:
        """This pool and the certificates of the PEM files ``paths``. Raises OSError."""
        pool = self
        for path in paths:
            pool = pool.with_pem(path.read_bytes(), str(path))
        return pool


def certificates_of(pem: bytes) -> Iterator[bytes]:
    """The DER of each CERTIFICATE block; what is not base64 of a DER sequence is skipped.

    A block with PEM headers is skipped too, as ``AppendCertsFromPEM`` does.
    """
    for match in _BLOCK.finditer(pem):
        body = match[1]
        if b":" in body:
            continue
        try:
            der = binascii.a2b_base64(b"".join(body.split()), strict_mode=True)
        except binascii.Error:
            continue
        if der[:1] == b"\x30":
            yield der


def system_roots(environ: Mapping[str, str] | None = None, root: Path = Path("/")) -> RootPool:
    """The pool that a Go program started with ``environ`` on the file system ``root`` has.

    ``SSL_CERT_FILE`` replaces the list of bundles, of which the first readable counts;
    ``SSL_CERT_DIR`` (colon list) replaces the directories, of which every file of all counts.
    Only where all of that yields nothing are certifi's roots taken.
    """
    env = os.environ if environ is None else environ
    bundles = [env["SSL_CERT_FILE"]] if env.get("SSL_CERT_FILE") else BUNDLES
    directories = env["SSL_CERT_DIR"].split(":") if env.get("SSL_CERT_DIR") else DIRECTORIES
    certificates: dict[bytes, None] = {}
    sources: list[str] = []
    for name in bundles:
        try:
            data = _content(root, name)
        except OSError:
            continue
        certificates.update(dict.fromkeys(certificates_of(data)))
        sources.append(name)
        break
    for name in directories:
        found = False
        for data in _files_of(root, name):
            before = len(certificates)
            certificates.update(dict.fromkeys(certificates_of(data)))
            found = found or len(certificates) > before
        if found:
            sources.append(name)
    if not certificates:
        return _certifi()
    return RootPool(tuple(certificates), tuple(sources))


def _files_of(root: Path, name: str) -> Iterator[bytes]:
    try:
        entries = sorted(os.scandir(inside(root, name)), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        try:
            # Links inside the directory (OpenSSL's hash names) repeat what stands there.
            if entry.is_symlink() and "/" not in str(Path(entry.path).readlink()):
                continue
            yield read_regular(root, f"{name}/{entry.name}", _MOST_BYTES)
        except OSError:
            continue


def _content(root: Path, name: str) -> bytes:
    """Of this very host a pipe is read as well: SSL_CERT_FILE may be a shell's ``<(...)``."""
    own = root == Path("/")
    return Path(name).read_bytes() if own else read_regular(root, name, _MOST_BYTES)


def image_roots() -> RootPool:
    """The public roots, as an image brings them along; no file of this host is among them."""
    return _certifi()


def _certifi() -> RootPool:
    import certifi

    path = Path(certifi.where())
    return RootPool().with_pem(path.read_bytes(), "certifi")
