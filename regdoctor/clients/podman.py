"""podman, buildah, skopeo (containers/image): ``registries.conf`` and ``certs.d``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from regdoctor.clients.policy import MirrorUse, Policy, authorities, has_pair, strings, table, toml
from regdoctor.observations.host import HostFiles

CLIENT = "podman"
REGISTRIES = "/etc/containers/registries.conf"
CERTS = "/etc/containers/certs.d"
DROP_INS = "/etc/containers/registries.conf.d"


def policy(files: HostFiles, written: str) -> Policy:
    """The first existing directory of three wins, even an empty one; insecure per location."""
    roots: tuple[str, ...] = (CERTS, "/etc/docker/certs.d")
    if files.home:
        roots = (f"{files.home}/.config/containers/certs.d", *roots)
    directory = next((f"{r}/{written}" for r in roots if f"{r}/{written}" in files.directories), "")
    extra, sources = authorities(files, directory) if directory else ((), ())
    insecure = _insecure(files, written)
    return Policy(
        CLIENT,
        extra,
        sources,
        insecure=insecure,
        plain="fallback" if insecure else "never",
        pair=has_pair(files, directory),
    )


def unreadable(files: HostFiles, written: str) -> str:
    """The system's directory for the registry, or one above it, that may not be listed."""
    for path in (f"{CERTS}/{written}", CERTS):
        seen = files.files.get(path)
        if seen is not None and seen.error == "EACCES":
            return path
    return ""


def mirrors(files: HostFiles) -> tuple[MirrorUse, ...]:
    """``[[registry.mirror]]`` of every registry; an insecure one may be http or https."""
    found = []
    for origin, entry in _entries(files):
        domain = str(entry.get("prefix") or entry.get("location") or "")
        for mirror in _tables(entry.get("mirror")):
            location = mirror.get("location")
            if isinstance(location, str):
                insecure = mirror.get("insecure") is True
                found.append(MirrorUse(CLIENT, domain, f"https://{location}", origin, insecure))
    return tuple(found)


def _insecure(files: HostFiles, written: str) -> bool:
    verdict = False
    for _, entry in _entries(files):
        location = str(entry.get("location") or entry.get("prefix") or "")
        if location.partition("/")[0] == written:
            verdict = entry.get("insecure") is True
        for mirror in _tables(entry.get("mirror")):
            if str(mirror.get("location", "")).partition("/")[0] == written:
                verdict = mirror.get("insecure") is True
    return verdict


def _entries(files: HostFiles) -> Iterator[tuple[str, Mapping[str, Any]]]:
    own = f"{files.home}/.config/containers/registries.conf" if files.home else ""
    if own and files.text(own) is not None:
        paths = [own, *_drop_ins(files, f"{own}.d")]
    else:
        paths = [REGISTRIES, *_drop_ins(files, DROP_INS)]
        if own:
            paths += _drop_ins(files, f"{own}.d")
    for path in paths:
        settings = table(toml(files, path))
        for entry in _tables(settings.get("registry")):
            yield path, entry
        first_format = table(table(settings.get("registries")).get("insecure"))
        for location in strings(first_format.get("registries")):
            yield path, {"location": location, "insecure": True}


def _drop_ins(files: HostFiles, directory: str) -> list[str]:
    names = sorted(files.directories.get(directory, ()))
    return [f"{directory}/{name}" for name in names if name.endswith(".conf")]


def _tables(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
