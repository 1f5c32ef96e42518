"""Which proxies clients are told to use, and what came of asking them for a tunnel."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from regdoctor.observations.host import HostFiles

DAEMON_JSON = "/etc/docker/daemon.json"
DEFAULTS = "/etc/default/docker"
CONFIG_JSON = ".docker/config.json"
"""Below the home directory; of it only what it says about proxies is read."""
UNITS = "/etc/systemd/system"
INSTANCES = ".docker/buildx/instances"

Speaks = Literal["", "http", "tls"]
Kind = Literal["shell", "daemon", "builder"]
_MARKS = {
    "docker": (DAEMON_JSON, "docker.service", "docker.socket"),
    "containerd": ("/etc/containerd/config.toml", "containerd.service", ""),
    "buildkit": ("/etc/buildkit/buildkitd.toml", "buildkit.service", "buildkit.socket"),
}
"""A file and the units by which one sees that a daemon is installed."""
_LOGIN = re.compile(r"(?<=://)[^/@\s\"']+@")


@dataclass(frozen=True, slots=True)
class ProxySetting:
    """The proxies of one client and where they stand; URLs without logins, empty for none.

    ``login`` tells that a URL had one. ``client`` is a name of ``breaks``, ``source`` a file,
    a builder, or ``the environment``; ``kind`` whose it is. ``unread`` names places where a
    proxy is set too, and which the client does not read.
    """

    client: str
    source: str
    https: str = ""
    http: str = ""
    no_proxy: str = ""
    login: bool = False
    kind: Kind = "shell"
    unread: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, client: str, source: str, variables: Mapping[str, str], kind: Kind = "shell"
    ) -> ProxySetting:
        """From variables as a shell has them, by upper-case name before lower-case."""

        def value(name: str) -> str:
            return variables.get(name) or variables.get(name.lower()) or ""

        https, http = value("HTTPS_PROXY"), value("HTTP_PROXY")
        return cls(
            client,
            source,
            _LOGIN.sub("", https),
            _LOGIN.sub("", http),
            value("NO_PROXY"),
            bool(_LOGIN.search(https) or _LOGIN.search(http)),
            kind,
        )


@dataclass(frozen=True, slots=True)
class ShellProxies:
    """The proxies of the environment in which this ran: those of podman and regdoctor."""

    setting: ProxySetting


@dataclass(frozen=True, slots=True)
class Tunnel:
    """How a proxy answered CONNECT.

    ``status`` and ``words`` are its answer, 0 where none came and ``text`` says why.
    ``speaks`` is set where the port speaks something else than the scheme of its URL says;
    ``first_bytes`` (at most 64) show it.
    """

    status: int = 0
    words: str = ""
    text: str = ""
    speaks: Speaks = ""
    first_bytes: bytes = b""

    @property
    def made(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class ProxyRoute:
    """The way of one client to the endpoint: through ``proxy``, or straight where that is empty.

    ``tunnel`` is absent where the proxy was not asked.
    """

    setting: ProxySetting
    proxy: str = ""
    tunnel: Tunnel | None = None


@dataclass(frozen=True, slots=True)
class ProxyRoutes:
    """The ways of all clients of this host to one endpoint.

    ``straight`` says why it cannot be reached without a proxy: empty where it can, or where
    nobody tried (``tried``). ``addresses`` are those of its name, where they were looked up.
    """

    routes: tuple[ProxyRoute, ...]
    tried: bool = False
    straight: str = ""
    addresses: tuple[str, ...] = ()

    def of(self, client: str) -> tuple[ProxyRoute, ...]:
        return tuple(each for each in self.routes if each.setting.client == client)


def daemon_settings(files: HostFiles, asked: tuple[str, ...] = ()) -> Iterator[ProxySetting]:
    """Of each daemon of this host (or in ``asked``) and of each builder in a container."""
    for client in _MARKS:
        # BuildKit is within dockerd for most, and a daemon of its own only where one sees it.
        if _installed(files, client) or (client in asked and client != "buildkit"):
            yield _daemon(files, client)
    yield from builder_settings(files)


def builders(files: HostFiles) -> Iterator[tuple[str, Mapping[str, str]]]:
    """(name, driver options) of the nodes of buildx builders that are containers here."""
    directory = f"{files.home}/{INSTANCES}"
    for name in files.directories.get(directory, ()):
        instance = _json(files.text(f"{directory}/{name}"))
        if instance.get("Driver") != "docker-container":
            continue
        nodes = instance.get("Nodes")
        for node in nodes if isinstance(nodes, list) else ():
            if not isinstance(node, dict):
                continue
            options = node.get("DriverOpts")
            pairs = options.items() if isinstance(options, dict) else ()
            yield name, {str(key): str(value) for key, value in pairs}


def builder_settings(files: HostFiles) -> Iterator[ProxySetting]:
    """What builders in containers were given with ``--driver-opt env.NAME=...``."""
    for name, options in builders(files):
        given = {k.removeprefix("env."): v for k, v in options.items() if k.startswith("env.")}
        yield ProxySetting.of("buildkit", f"the builder {name}", given, "builder")


def _installed(files: HostFiles, client: str) -> bool:
    path, *units = _MARKS[client]
    if path in files.files:
        return True
    wanted = [unit for unit in units if unit]
    for directory in (UNITS, "/usr/lib/systemd/system", "/lib/systemd/system"):
        names = files.directories.get(directory, ())
        if any(unit in names or f"{unit}.d" in names for unit in wanted):
            return True
    return any(f"{UNITS}/{unit}.d" in files.directories for unit in wanted)


def _daemon(files: HostFiles, client: str) -> ProxySetting:
    """``daemon.json`` before the unit's environment, as dockerd has it."""
    directory = f"{UNITS}/{client}.service.d"
    variables: dict[str, str] = {}
    source = ""
    for name in sorted(files.directories.get(directory, ())):
        text = files.text(f"{directory}/{name}") if name.endswith(".conf") else None
        for line in (text or "").splitlines():
            key, _, value = line.partition("=")
            if key.strip() != "Environment":
                continue
            if not value.strip():
                variables.clear()
            for found in _assignments(value):
                variables[found[0]] = found[1]
                source = f"{directory}/{name}" if "proxy" in found[0].lower() else source
    if client == "docker":
        proxies = _json(files.text(DAEMON_JSON)).get("proxies")
        names = {"https-proxy": "HTTPS_PROXY", "http-proxy": "HTTP_PROXY", "no-proxy": "NO_PROXY"}
        for key, value in proxies.items() if isinstance(proxies, dict) else ():
            if key in names and isinstance(value, str) and value:
                variables[names[key]] = value
                source = DAEMON_JSON
    where = source or f"{directory}: no proxy is set there"
    setting = ProxySetting.of(client, where, variables, "daemon")
    return replace(setting, unread=_unread(files)) if client == "docker" else setting


def _unread(files: HostFiles) -> tuple[str, ...]:
    """Places where people set a proxy for dockerd, in vain."""
    found = []
    lines = (files.text(DEFAULTS) or "").splitlines()
    if any("proxy" in line.lower() and not line.strip().startswith("#") for line in lines):
        found.append(f"{DEFAULTS} (systemd does not read it)")
    config = f"{files.home}/{CONFIG_JSON}"
    if _json(files.text(config)).get("proxies"):
        found.append(f"{config} (for containers and builds, not for the daemon)")
    return tuple(found)


def _assignments(value: str) -> Iterator[tuple[str, str]]:
    try:
        words = shlex.split(value)
    except ValueError:
        return
    for word in words:
        name, equals, content = word.partition("=")
        if equals:
            yield name, content.replace("%%", "%")


def _json(text: str | None) -> Mapping[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
