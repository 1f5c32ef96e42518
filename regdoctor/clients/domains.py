"""The registries for which a host's files name mirrors, client by client."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.registries_conf import BrokenConf, Paths, Reading, Registry, load
from regdoctor.clients.shapes import json_table
from regdoctor.observations.host import HostFiles

DAEMON_JSON = "/etc/docker/daemon.json"
DOCKER_CERTS = "/etc/docker/certs.d"
BUILDKITD = "/etc/buildkit/buildkitd.toml"
CONTAINERD_CERTS = "/etc/containerd/certs.d"
CONTAINERD = "/etc/containerd/config.toml"


def of_nobody(_files: HostFiles) -> Iterator[str]:
    """Of clients whose mirrors stand on their command line."""
    yield from ()


def of_docker(files: HostFiles) -> Iterator[str]:
    if json_table(files, DAEMON_JSON).get("registry-mirrors"):
        yield "docker.io"
    yield from _with_hosts_toml(files, DOCKER_CERTS)


def of_buildkit(files: HostFiles) -> Iterator[str]:
    yield from of_sections(_toml(files, BUILDKITD))


def of_sections(settings: Mapping[str, Any]) -> Iterator[str]:
    """Of a buildkitd.toml."""
    registries = settings.get("registry")
    for name, section in registries.items() if isinstance(registries, dict) else ():
        if isinstance(section, dict) and section.get("mirrors"):
            yield name


def of_containerd(files: HostFiles) -> Iterator[str]:
    for directory in files.directories:
        if directory.endswith("/certs.d") and not directory.startswith("/etc/docker"):
            yield from _with_hosts_toml(files, directory)
    plugins = _toml(files, CONTAINERD).get("plugins")
    for plugin in plugins.values() if isinstance(plugins, dict) else ():
        registry = plugin.get("registry") if isinstance(plugin, dict) else None
        mirrors = registry.get("mirrors") if isinstance(registry, dict) else None
        yield from mirrors if isinstance(mirrors, dict) else ()


def of_podman(files: HostFiles) -> Iterator[str]:
    try:
        conf = load(Filesystem(files), Paths(files.home or "/root"), Reading(39))
    except BrokenConf:
        return
    for registry in conf.registries.values():
        host = registry.prefix.partition("/")[0]
        if (registry.mirrors or registry.location != registry.prefix) and "*" not in host:
            yield host


def parts_of_podman(files: HostFiles) -> Iterator[Registry]:
    """Rules of registries.conf that are for a part of a registry: a namespace, a repository."""
    try:
        conf = load(Filesystem(files), Paths(files.home or "/root"), Reading(39))
    except BrokenConf:
        return
    for registry in conf.registries.values():
        if "/" in registry.prefix or "*" in registry.prefix:
            yield registry


def _with_hosts_toml(files: HostFiles, directory: str) -> Iterator[str]:
    for name in files.directories.get(directory, ()):
        if name == "_default" or "hosts.toml" not in files.directories.get(
            f"{directory}/{name}", ()
        ):
            continue
        yield _domain(name)


def _domain(directory: str) -> str:
    """``host_port_`` back to ``host:port``."""
    if directory.endswith("_") and "_" in directory[:-1]:
        host, _, port = directory[:-1].rpartition("_")
        return f"{host}:{port}"
    return directory


def _toml(files: HostFiles, path: str) -> Mapping[str, Any]:
    return read_toml(files.text(path) or "")


def read_toml(text: str) -> Mapping[str, Any]:
    """The tables of ``text``, none where it does not parse."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
