"""containerd's ``config.toml`` as far as the CRI plugin's images go."""

from __future__ import annotations

import fnmatch
import posixpath
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.plan import Note
from regdoctor.clients.version import Version

CONFIG = "/etc/containerd/config.toml"
OLD_PLUGIN = "io.containerd.grpc.v1.cri"
NEW_PLUGIN = "io.containerd.cri.v1.images"
DISCARD = "discard_unpacked_layers"
DEFAULT_CONFIG_PATH = "/etc/containerd/certs.d:/etc/docker/certs.d"


class WrongConfig(Exception):
    """containerd does not start, or its CRI plugin is not loaded, in these words."""


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """The ``registry`` table. ``mirrors`` and ``configs`` are the old way, without hosts.toml.

    ``local``: pulled in the plugin itself, not through the transfer service (2.1 and later).
    """

    config_path: str = ""
    mirrors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    configs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    local: bool = True
    notes: tuple[Note, ...] = ()

    @property
    def legacy(self) -> bool:
        return bool(self.mirrors or self.configs)


def registry_settings(files: Filesystem, version: Version, path: str) -> RegistrySettings:
    """What the plugin of this release makes of the file. Raises WrongConfig."""
    plugin, notes = _plugin(files, version, path)
    registry = _table(plugin.get("registry"), "registry")
    mirrors = {
        host: _endpoints(host, table)
        for host, table in _table(registry.get("mirrors"), "mirrors").items()
    }
    configs = {
        host: _table(table, f"configs.{host}")
        for host, table in _table(registry.get("configs"), "configs").items()
    }
    for endpoint, auth in _table(registry.get("auths"), "auths").items():
        bare = endpoint.partition("://")[2] or endpoint
        host = bare.partition("/")[0]
        configs[host] = {**configs.get(host, {}), "auth": auth}
    written = registry.get("config_path", "")
    if not isinstance(written, str):
        raise WrongConfig("`config_path` is not a string")
    if not version.since(1, 5):
        written = ""
    if written and mirrors:
        raise _not_loaded("`mirrors` cannot be set when `config_path` is provided")
    if written and not version.since(2) and any("tls" in each for each in configs.values()):
        raise _not_loaded("`configs.tls` cannot be set when `config_path` is provided")
    if not written and not mirrors and version.since(2, 2):
        written = DEFAULT_CONFIG_PATH
    # Layers that are thrown away once unpacked are more than the transfer service can do.
    local = any(plugin.get(key) is True for key in ("use_local_image_pull", DISCARD))
    transfers = version.since(2, 1) and not local
    return RegistrySettings(
        written, mirrors, configs, local=not transfers or bool(mirrors or configs), notes=notes
    )


def _not_loaded(reason: str) -> WrongConfig:
    """containerd runs, but answers no call of the kubelet's."""
    return WrongConfig(
        "rpc error: code = Unimplemented desc = unknown service runtime.v1.ImageService "
        f"(invalid plugin config: {reason})"
    )


def _plugin(
    files: Filesystem, version: Version, path: str
) -> tuple[Mapping[str, Any], tuple[Note, ...]]:
    """The table of the plugin for this release and the file's version."""
    settings = _merged(files, path, [])
    plugins = _table(settings.get("plugins"), "plugins")
    number = settings.get("version", 1)
    if not isinstance(number, int):
        raise WrongConfig(f"containerd: `version` in {path} is not a number")
    old = "cri" if number == 1 else OLD_PLUGIN
    wanted = NEW_PLUGIN if version.since(2) and number >= 3 else old
    notes = tuple(
        Note(
            "setting-ignored",
            path,
            name,
            f'[plugins."{name}"] in {path} is not read: with `version = {number}` containerd '
            f'{version} looks into [plugins."{wanted}"]',
        )
        for name in ("cri", OLD_PLUGIN, NEW_PLUGIN)
        if name in plugins and name != wanted and "registry" in _table(plugins[name], name)
    )
    return _table(plugins.get(wanted), wanted), notes


def _merged(files: Filesystem, path: str, seen: list[str]) -> dict[str, Any]:
    """The file with its ``imports``; of a plugin, the last file's table counts."""
    text = files.text(path)
    if text is None or path in seen:
        return {}
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WrongConfig(f"containerd: failed to load TOML: {path}: {error}") from error
    named = settings.get("imports", [])
    for pattern in named if isinstance(named, list) else []:
        full = posixpath.join(posixpath.dirname(path), str(pattern))
        directory, name = posixpath.split(full)
        for each in files.names(directory):
            if fnmatch.fnmatchcase(each, name):
                other = _merged(files, f"{directory}/{each}", [*seen, path])
                plugins = {**settings.get("plugins", {}), **other.get("plugins", {})}
                settings = {**settings, **other, "plugins": plugins}
    return settings


def _endpoints(host: str, table: Any) -> tuple[str, ...]:
    value = _table(table, f"mirrors.{host}").get("endpoint", [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise WrongConfig(f"`endpoint` of the mirrors of {host} is not a list of strings")
    return tuple(value)


def _table(value: Any, name: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise WrongConfig(f"`{name}` is not a table")
    return value
