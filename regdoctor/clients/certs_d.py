"""``certs.d`` of containers/image: which directory, and what in it makes an endpoint fail."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from regdoctor.clients.filesystem import FORBIDDEN, Filesystem
from regdoctor.clients.keypairs import load_pair
from regdoctor.clients.plan import ClientPair, PemFile

SYSTEM = ("/etc/containers/certs.d", "/etc/docker/certs.d")


@dataclass(frozen=True, slots=True)
class Certificates:
    """What a directory gives. ``broken``: why no contact comes about, in the client's words."""

    directory: str = ""
    extra: tuple[PemFile, ...] = ()
    pairs: tuple[ClientPair, ...] = ()
    broken: str = ""


def roots_of(
    home: str, config_home: str = "", *, newest: bool = False, uid: int = 0
) -> tuple[str, ...]:
    """Directories that hold one per host, in the order of search."""
    if not newest:
        return (f"{home}/.config/containers/certs.d", *SYSTEM)
    kind = "rootful" if uid == 0 else "rootless"
    found = [f"{config_home or home + '/.config'}/containers/certs.d"]
    for base in ("/etc/containers", "/usr/share/containers"):
        if uid:
            found.append(f"{base}/certs.rootless.d/{uid}")
        found += [f"{base}/certs.{kind}.d", f"{base}/certs.d"]
    return (*found, "/etc/docker/certs.d")


def of_host(files: Filesystem, roots: tuple[str, ...], host: str) -> Certificates:
    """The first root that has something named ``host``, be it empty or a file.

    One that may not be read is passed over.
    """
    for root in roots:
        path = f"{root}/{host}"
        if files.exists(path) and files.read(path).error != FORBIDDEN:
            return of_directory(files, path)
    return Certificates()


def unreadable(files: Filesystem, host: str) -> str:
    """The system's directory for the registry, or the one above it, that may not be listed."""
    paths = (f"{SYSTEM[0]}/{host}", SYSTEM[0])
    return next((path for path in paths if files.read(path).error == FORBIDDEN), "")


def of_directory(files: Filesystem, path: str) -> Certificates:
    """``*.crt`` beside the system's pool, ``*.cert`` with ``*.key``; other names do not count."""
    directory = posixpath.normpath(path)
    if not files.is_directory(directory):
        broken = "readdirent: not a directory" if files.is_file(directory) else ""
        return Certificates(directory, broken=broken)
    names = files.names(directory)
    extra: list[PemFile] = []
    pairs: list[ClientPair] = []
    for name in names:
        stem, suffix = posixpath.splitext(name)
        full = f"{directory}/{name}"
        broken = ""
        if suffix == ".crt":
            read = files.read(full)
            if read.error and not read.missing:
                broken = f"open {full}: {read.error}"
            elif not read.error:
                extra.append(PemFile(full, read.content))
        elif suffix == ".cert":
            key = f"{stem}.key"
            if key not in names:
                broken = (
                    f"missing key {key} for client certificate {name}. "
                    "Note that CA certificates should use the extension .crt"
                )
            else:
                pair, broken = load_pair(files, full, f"{directory}/{key}")
                if pair is not None:
                    pairs.append(pair)
        elif suffix == ".key" and f"{stem}.cert" not in names:
            broken = f"missing client certificate {stem}.cert for key {name}"
        if broken:
            return Certificates(directory, tuple(extra), tuple(pairs), broken)
    return Certificates(directory, tuple(extra), tuple(pairs))
