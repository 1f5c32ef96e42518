"""``certs.d`` as dockerd's graphdriver store and docker's CLI read it (registry/registry.go)."""

from __future__ import annotations

from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.keypairs import load_pair
from regdoctor.clients.plan import PemFile, Process, Transport
from regdoctor.clients.version import Version


class BrokenDirectory(Exception):
    """Whoever wants the registry fails before any contact, in these words."""


def verified_transport(
    files: Filesystem, directory: str, process: Process, version: Version
) -> Transport:
    """The settings for a registry that is not insecure. Raises BrokenDirectory.

    ``*.crt`` are authorities; one without a certificate is passed over. ``*.cert`` and ``*.key``
    of one name are a pair, and neither may stand alone. Every other name is ignored.
    """
    if not files.is_directory(directory):
        read = files.read(directory)
        if read.missing:
            return Transport(process)
        raise BrokenDirectory(f"open {directory}: {read.error or 'not a directory'}")
    names = files.names(directory)
    authorities, pairs = [], []
    for name in names:
        path = f"{directory}/{name}"
        if name.endswith(".crt"):
            read = files.read(path)
            if read.error:
                raise BrokenDirectory(f"open {path}: {read.error}")
            authorities.append(PemFile(path, read.content))
        elif name.endswith(".cert"):
            key = f"{name.removesuffix('.cert')}.key"
            if key not in names:
                advice = "CA certificates must use the extension .crt"
                if not version.since(29):
                    advice = "Note that CA certificates should use the extension .crt"
                raise BrokenDirectory(f"missing key {key} for client certificate {name}. {advice}")
            pair, error = load_pair(files, path, f"{directory}/{key}")
            if pair is None:
                raise BrokenDirectory(error)
            pairs.append(pair)
        elif name.endswith(".key"):
            certificate = f"{name.removesuffix('.key')}.cert"
            if certificate not in names:
                missing = "missing" if version.since(29) else "Missing"
                raise BrokenDirectory(f"{missing} client certificate {certificate} for key {name}")
    return Transport(process, extra=tuple(authorities), pairs=tuple(pairs))
