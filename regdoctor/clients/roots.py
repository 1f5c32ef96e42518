"""The pool of roots that a Go program on Linux finds by itself (crypto/x509, root_unix.go)."""

from __future__ import annotations

from collections.abc import Mapping

from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.plan import PemFile

FILES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
DIRECTORIES = ("/etc/ssl/certs", "/etc/pki/tls/certs")


def system_roots(files: Filesystem, environment: Mapping[str, str]) -> tuple[PemFile, ...]:
    """The first bundle that can be read, and every file of every directory.

    SSL_CERT_FILE takes the place of the bundles, SSL_CERT_DIR that of the directories; the
    system's roots are gone only where both are set.
    """
    named = environment.get("SSL_CERT_FILE")
    listed = environment.get("SSL_CERT_DIR")
    pool: dict[str, PemFile] = {}
    for path in (named,) if named else FILES:
        read = files.read(path)
        if not read.error:
            pool[path] = PemFile(path, read.content)
            break
    for directory in listed.split(":") if listed else DIRECTORIES:
        for name in files.names(directory):
            path = f"{directory.rstrip('/')}/{name}"
            read = files.read(path)
            if not read.error and path not in pool:
                pool[path] = PemFile(path, read.content)
    return tuple(pool.values())
