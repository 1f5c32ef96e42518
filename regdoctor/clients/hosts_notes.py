"""What of containerd's directories is never read, or does not do what it looks like."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from regdoctor.clients.authority import host_of, port_of
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.plan import Note
from regdoctor.clients.wire import split_url

HUB_NAMES = ("registry-1.docker.io", "index.docker.io", "hub.docker.com")
TLS = ("ca", "client", "skip_verify")


def misnamed(
    files: Filesystem, roots: Sequence[str], host: str, chosen: str | None
) -> Iterator[Note]:
    """Directories that look as if they were meant for ``host[:port]``; ``chosen`` is read.

    Beside a directory of its own, one for another port is for another registry.
    """
    own = chosen is not None and posixpath.basename(chosen) != "_default"
    for root in roots:
        for name in files.names(root):
            path = posixpath.join(root, name)
            if path != chosen and files.is_directory(path) and _meant(name, host, own):
                yield Note(
                    "directory-never-used",
                    path,
                    name,
                    f"{path} does not hold for {host}: the name is the host with its port, "
                    "letter for letter, and the first that exists is the only one read",
                )


def _meant(name: str, host: str, own: bool) -> bool:
    if host == "docker.io":
        return name in HUB_NAMES and not own
    written = name
    if name.endswith("_") and "_" in name[:-1]:
        written = ":".join(name[:-1].rsplit("_", 1))
    if host_of(written).lower() != host_of(host).lower():
        return False
    same = (port_of(written) or "443") == (port_of(host) or "443")
    return same or (not port_of(written) and not own)


def inside(
    files: Filesystem, directory: str, path: str, settings: Mapping[str, Any]
) -> Iterator[Note]:
    """Of a hosts.toml that parses: ``settings`` at ``path``, in ``directory``."""
    tables = settings.get("host", {})
    named = [key for key in TLS if key in settings]
    bare = [url for url, table in tables.items() if not any(key in table for key in TLS)]
    if named and bare:
        yield Note(
            "root-settings-not-for-mirrors",
            path,
            bare[0],
            f"`{named[0]}` at the top of {path} is for the registry itself, not for {bare[0]}: "
            "the table of a host has its own",
        )
    for url, table in tables.items():
        route = split_url(url if "://" in url else f"https://{url}")[2]
        if route.startswith("/v2/") and route.strip("/") != "v2" and not table.get("override_path"):
            yield Note(
                "mirror-path-doubles-v2",
                path,
                url,
                f"{url} in {path} is asked at {route.rstrip('/')}/v2/: for a path that is "
                "complete the table says override_path = true",
            )
    unused = [name for name in files.names(directory) if name.endswith((".crt", ".cert"))]
    loose = [name for name in unused if not _names(settings, name)]
    if loose:
        yield Note(
            "certificates-beside-hosts-toml",
            posixpath.join(directory, loose[0]),
            loose[0],
            f"{posixpath.join(directory, loose[0])} is not read, because there is a hosts.toml "
            "beside it that does not name it",
        )


def _names(value: Any, name: str) -> bool:
    if isinstance(value, dict):
        return any(_names(each, name) for each in value.values())
    if isinstance(value, list):
        return any(_names(each, name) for each in value)
    return isinstance(value, str) and posixpath.basename(value) == name
