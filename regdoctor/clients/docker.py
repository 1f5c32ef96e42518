"""dockerd: ``daemon.json`` and ``/etc/docker/certs.d``."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from typing import Any

from regdoctor.clients.policy import (
    MirrorUse,
    Policy,
    authorities,
    has_pair,
    host_of,
    strings,
    table,
)
from regdoctor.observations.host import HostFiles

CLIENT = "docker"
DAEMON_JSON = "/etc/docker/daemon.json"
CERTS = "/etc/docker/certs.d"
_ALWAYS_INSECURE = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


def policy(files: HostFiles, written: str) -> Policy:
    """As the engine pulls: an insecure registry is neither verified nor its certs.d read."""
    if _insecure(strings(_settings(files).get("insecure-registries")), written):
        return Policy(CLIENT, insecure=True, plain="fallback")
    directory = f"{CERTS}/{written}"
    names = files.directories.get(directory, ())
    extra, sources = authorities(files, directory)
    broken = ""
    for name in names:
        stem, _, suffix = name.rpartition(".")
        other = {"cert": "key", "key": "cert"}.get(suffix)
        if other and f"{stem}.{other}" not in names:
            broken = f"{directory}/{name} has no {stem}.{other} beside it"
    return Policy(CLIENT, extra, sources, pair=has_pair(files, directory), broken=broken)


def mirrors(files: HostFiles) -> tuple[MirrorUse, ...]:
    """``registry-mirrors``; dockerd uses them for Docker Hub alone."""
    urls = strings(_settings(files).get("registry-mirrors"))
    return tuple(MirrorUse(CLIENT, "docker.io", url, DAEMON_JSON) for url in urls)


def _settings(files: HostFiles) -> Mapping[str, Any]:
    try:
        return table(json.loads(files.text(DAEMON_JSON) or "{}"))
    except ValueError:
        return {}


def _insecure(entries: tuple[str, ...], written: str) -> bool:
    host = host_of(written)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if host == "localhost" or (address and any(address in net for net in _ALWAYS_INSECURE)):
        return True
    for entry in entries:
        bare = entry.partition("://")[2] or entry
        if bare == written:
            return True
        try:
            if address is not None and address in ipaddress.ip_network(bare):
                return True
        except ValueError:
            continue
    return False
