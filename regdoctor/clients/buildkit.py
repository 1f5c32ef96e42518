"""buildkitd: ``buildkitd.toml``, for a daemon on this host (builders in containers see less)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regdoctor.clients.policy import (
    MirrorUse,
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

CLIENT = "buildkit"
CONFIG = "/etc/buildkit/buildkitd.toml"


def policy(files: HostFiles, written: str) -> Policy:
    """``[registry."host:port"]``: http, insecure, ca and tlsconfigdir (BuildKit >= 0.12.3)."""
    section = table(_registries(files).get(written))
    http = section.get("http")
    is_http = http is True or (http is None and loopback(written))
    if section.get("insecure") is True:
        return Policy(CLIENT, insecure=True, plain="fallback" if is_http else "never")
    if is_http:
        return Policy(CLIENT, plain="only")
    named = strings(section.get("ca"))
    extra, missing = read(files, named)
    pair = bool(section.get("keypair"))
    sources = named
    for directory in strings(section.get("tlsconfigdir")):
        more, paths = authorities(files, directory.rstrip("/"))
        extra, sources = extra + more, sources + paths
        pair = pair or has_pair(files, directory.rstrip("/"))
    broken = f"{missing}, named as ca in {CONFIG}, cannot be read" if missing else ""
    return Policy(CLIENT, extra, sources, pair=pair, broken=broken)


def mirrors(files: HostFiles) -> tuple[MirrorUse, ...]:
    """``mirrors`` of every registry table; the scheme follows from the mirror's own table."""
    found = []
    for domain, section in _registries(files).items():
        for mirror in strings(table(section).get("mirrors")):
            bare = mirror.partition("://")[2] or mirror
            host = bare.partition("/")[0]
            scheme = "http" if policy(files, host).plain == "only" else "https"
            found.append(MirrorUse(CLIENT, domain, f"{scheme}://{bare}", CONFIG))
    return tuple(found)


def _registries(files: HostFiles) -> Mapping[str, Any]:
    return table(table(toml(files, CONFIG)).get("registry"))
