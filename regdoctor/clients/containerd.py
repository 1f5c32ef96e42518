"""containerd and what uses its resolver: ``/etc/containerd/certs.d``."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from regdoctor.clients.policy import (
    MirrorUse,
    Plain,
    Policy,
    authorities,
    has_pair,
    loopback,
    read,
    strings,
    table,
    toml,
)
from regdoctor.observations.host import HostFiles

CLIENT = "containerd"
CERTS = "/etc/containerd/certs.d"


def policy(files: HostFiles, written: str) -> Policy:
    """The ``server`` entry of hosts.toml, else the certificates of the directory.

    A host table with the server's own address is a separate, earlier entry.
    """
    directory = _directory(files, written)
    if directory is None:
        return _default(written)
    if "hosts.toml" in files.directories.get(directory, ()):
        settings = toml(files, f"{directory}/hosts.toml")
        if settings is not None:
            return _from_toml(files, directory, settings, written)
    extra, sources = authorities(files, directory)
    plain: Plain = "fallback" if loopback(written) else "never"
    return Policy(CLIENT, extra, sources, plain=plain, pair=has_pair(files, directory))


def mirrors(files: HostFiles) -> tuple[MirrorUse, ...]:
    """The host tables of every hosts.toml below ``/etc/containerd/certs.d``."""
    found = []
    for name in files.directories.get(CERTS, ()):
        path = f"{CERTS}/{name}/hosts.toml"
        for url in table(table(toml(files, path)).get("host")):
            full = url if url.startswith("http") else f"https://{url}"
            if _authority(full) != name:
                found.append(MirrorUse(CLIENT, _domain(name), full, path))
    return tuple(found)


def _default(written: str) -> Policy:
    if loopback(written):
        return Policy(CLIENT, insecure=True, plain="fallback")
    return Policy(CLIENT)


def _directory(files: HostFiles, written: str) -> str | None:
    names = [written, "_default"]
    if ":" in written:
        host, _, port = written.rpartition(":")
        names.insert(0, f"{host}_{port}_")
    for name in names:
        if f"{CERTS}/{name}" in files.directories:
            return f"{CERTS}/{name}"
    return None


def _from_toml(
    files: HostFiles, directory: str, settings: Mapping[str, Any], written: str
) -> Policy:
    for url, entry in table(settings.get("host")).items():
        full = url if url.startswith("http") else f"https://{url}"
        if _authority(full) == written:
            return _entry(files, directory, table(entry), full)
    server = settings.get("server")
    if isinstance(server, str) and _authority(_with_scheme(server)) == written:
        return _entry(files, directory, settings, _with_scheme(server))
    if server is None:
        return _entry(files, directory, settings, f"https://{written}")
    return _default(written)


def _entry(files: HostFiles, directory: str, settings: Mapping[str, Any], url: str) -> Policy:
    named = tuple(posixpath.join(directory, each) for each in strings(settings.get("ca")))
    insecure = settings.get("skip_verify") is True
    if url.startswith("http://"):
        return Policy(CLIENT, plain="fallback" if named or insecure else "only", insecure=insecure)
    extra, missing = read(files, named)
    broken = f"{missing}, named as ca in {directory}/hosts.toml, cannot be read"
    return Policy(
        CLIENT,
        extra,
        named,
        insecure=insecure,
        pair=bool(settings.get("client")),
        broken=broken if missing else "",
    )


def _with_scheme(url: str) -> str:
    return url if url.startswith("http") else f"https://{url}"


def _authority(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def _domain(directory: str) -> str:
    """``host_port_`` back to ``host:port``."""
    if directory.endswith("_") and "_" in directory[:-1]:
        host, _, port = directory[:-1].rpartition("_")
        return f"{host}:{port}"
    return directory
