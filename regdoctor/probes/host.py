"""Configuration files of the clients on a host. Never keys; secrets are taken out."""

from __future__ import annotations

import errno
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from builder.transport.rooted import inside, read_regular
from regdoctor.clients import docker_desktop, kind
from regdoctor.observations.host import FileSeen, HostFiles
from regdoctor.probes.nesting import too_deep
from regdoctor.probes.packages import installed_versions
from regdoctor.probes.secrets import without_secrets

MOST_BYTES = 1 << 20
MOST_BYTES_TOGETHER = 16 << 20
MOST_FILES = 2000
"""Files and directories of one host that are looked into, and names told of one directory."""

_FILES = (
    "/etc/docker/daemon.json",
    "/etc/default/docker",
    "/etc/buildkit/buildkitd.toml",
    "/etc/containers/registries.conf",
    "/usr/share/containers/registries.conf",
    "/var/cache/containers/short-name-aliases.conf",
    "/etc/containerd/config.toml",
    "/etc/nerdctl/nerdctl.toml",
    "/etc/rancher/k3s/registries.yaml",
    "/etc/rancher/rke2/registries.yaml",
    "/run/containers/0/auth.json",
    "/etc/containers/policy.json",
    "/etc/nsswitch.conf",
    "/etc/subuid",
    "/etc/subgid",
    kind.NODE,
)
_TREES = (
    "/etc/docker/certs.d",
    "/etc/containerd/certs.d",
    "/etc/containerd/conf.d",
    "/etc/containers/certs.d",
    "/etc/containers/registries.conf.d",
    "/usr/share/containers/registries.conf.d",
    "/etc/buildkit/certs",
    *(
        f"{base}/{unit}.service.d"
        for base in ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system")
        for unit in ("docker", "containerd", "buildkit", "crio", "k3s", "rke2-server")
    ),
)
_LISTED = ("/var/lib/docker/image",)
"""Directories of which only the names in them are told."""
_HOME_FILES = (
    ".config/containers/registries.conf",
    ".config/containers/policy.json",
    ".config/containers/auth.json",
    ".config/nerdctl/nerdctl.toml",
    ".docker/config.json",
    ".dockercfg",
    docker_desktop.DAEMON_JSON,
    *docker_desktop.SETTINGS,
)
_BUILDX_FILES = ("current", "buildkitd.default.toml")
"""Below the directory of buildx, beside its instances."""
_HOME_TREES = (
    ".config/containers/certs.d",
    ".config/containers/registries.conf.d",
    ".config/docker/certs.d",
    ".config/containerd/certs.d",
    ".docker/certs.d",
)
_UNITS = ("docker.service", "docker.socket", "containerd.service")
_UNIT_DIRECTORIES = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_SECRET = (".key",)
_NAMING = frozenset(
    (
        "ca",
        "ca_file",
        "cert",
        "cert_file",
        "key",
        "key_file",
        "client",
        "tlsconfigdir",
        "config_path",
    )
)
"""Settings whose values are files or directories of certificates."""
_YAML_PATH = re.compile(r"^\s*(?:ca_file|cert_file):\s*[\"']?(/[^\"'\s]+)", re.MULTILINE)
_VARIABLES = re.compile(
    r"(?:HTTPS?|NO|ALL)_PROXY|SSL_CERT_(?:FILE|DIR)|DOCKER_(?:CONFIG|BUILDKIT|HOST)"
    r"|REGISTRY_AUTH_FILE|CONTAINERS_REGISTRIES_CONF(?:_OVERRIDE)?|REGISTRIES_CONFIG_PATH"
    r"|XDG_(?:CONFIG|RUNTIME|CACHE)_(?:HOME|DIR)|KANIKO_REGISTRY_(?:MAP|MIRROR)|BUILDX_(?:CONFIG|BUILDER)"
    r"|BUILDKIT_NO_CLIENT_TOKEN",
    re.IGNORECASE,
)
"""The variables that clients read; nothing else of an environment is looked at."""


@dataclass(frozen=True, slots=True)
class HostReader:
    """Reads below ``root`` as a client there would; ``home`` is a path inside of it.

    ``environ`` is the environment of a user of that host, where it is known.
    """

    root: Path = Path("/")
    home: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)

    def read(self) -> HostFiles:
        """What there is. Blocking; bounded in number and size of files."""
        reading = _Reading(self.root)
        for path in (*_FILES, *self._named_by_environment()):
            reading.file(path)
        for path in _TREES:
            reading.tree(path, depth=2)
        for path in _LISTED:
            reading.names(path)
        for path in _UNIT_DIRECTORIES:
            reading.wanted(path, _UNITS)
        if self.home:
            for path in _HOME_FILES:
                reading.file(f"{self.home}/{path}")
            for path in _HOME_TREES:
                reading.tree(f"{self.home}/{path}", depth=2)
        for base in self._buildx():
            reading.tree(f"{base}/instances", depth=1)
            for path in _BUILDX_FILES:
                reading.file(f"{base}/{path}")
        for path in tuple(_named(reading.files)):
            reading.file(path)
            reading.tree(path, depth=2)
            if path.endswith(_SECRET):
                # Of a key its being there is all that counts.
                reading.names(path.rpartition("/")[0])
        # A hosts.toml of such a directory may name files elsewhere.
        for path in tuple(_named(reading.files)):
            reading.file(path)
        environment = {
            name: without_secrets(name, value.encode()).decode("utf-8", "replace")
            for name, value in self.environ.items()
            if _VARIABLES.fullmatch(name)
        }
        return HostFiles(
            reading.files,
            reading.directories,
            self.home,
            environment,
            installed_versions(self.root),
        )

    def _buildx(self) -> Iterator[str]:
        """The directory of buildx: of the home, or as the environment says."""
        if self.home:
            yield f"{self.home}/.docker/buildx"
        if docker := self.environ.get("DOCKER_CONFIG", ""):
            yield f"{docker.rstrip('/')}/buildx"
        if own := self.environ.get("BUILDX_CONFIG", ""):
            yield own.rstrip("/")

    def _named_by_environment(self) -> Iterator[str]:
        for name in ("REGISTRY_AUTH_FILE", "CONTAINERS_REGISTRIES_CONF", "REGISTRIES_CONFIG_PATH"):
            if value := self.environ.get(name, ""):
                yield value
        for name, file in (
            ("DOCKER_CONFIG", "config.json"),
            ("XDG_RUNTIME_DIR", "containers/auth.json"),
            ("XDG_CONFIG_HOME", "containers/auth.json"),
        ):
            if value := self.environ.get(name, ""):
                yield f"{value.rstrip('/')}/{file}"


class _Reading:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._left = MOST_BYTES_TOGETHER
        self.files: dict[str, FileSeen] = {}
        self.directories: dict[str, tuple[str, ...]] = {}

    def file(self, path: str) -> None:
        if path in self.files or path.endswith(_SECRET) or not self._goes_on():
            return
        try:
            content = read_regular(self._root, path, min(MOST_BYTES, self._left))
            self._left -= len(content)
            deep = too_deep(content)
            self.files[path] = (
                FileSeen(error="EFBIG") if deep else FileSeen(without_secrets(path, content))
            )
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return
        except OSError as error:
            self.files[path] = FileSeen(error=errno.errorcode.get(error.errno or 0, "EIO"))

    def tree(self, path: str, *, depth: int) -> None:
        entries = self.names(path)
        for entry in entries:
            below = f"{path}/{entry}"
            if self._is_directory(below):
                if depth > 1:
                    self.tree(below, depth=depth - 1)
            else:
                self.file(below)

    def names(self, path: str) -> list[str]:
        """Tells the names in a directory, where it is one."""
        if not self._goes_on():
            return []
        try:
            with os.scandir(inside(self._root, path)) as entries:
                names = sorted(entry.name for entry in islice(entries, MOST_FILES))
        except PermissionError:
            self.files[path] = FileSeen(error="EACCES")
            return []
        except OSError:
            return []
        self.directories[path] = tuple(names)
        return names

    def wanted(self, path: str, names: tuple[str, ...]) -> None:
        """Which of ``names`` there are in the directory; nothing is read."""
        found = tuple(name for name in names if self._is_there(f"{path}/{name}"))
        if found:
            self.directories[path] = found

    def _is_there(self, path: str) -> bool:
        try:
            return inside(self._root, path).exists()
        except OSError:
            return False

    def _is_directory(self, path: str) -> bool:
        """Quiet where it may not be looked at."""
        try:
            return inside(self._root, path).is_dir()
        except OSError:
            return False

    def _goes_on(self) -> bool:
        number = len(self.files) + len(self.directories)
        return number < MOST_FILES and self._left > 0


def _named(files: Mapping[str, FileSeen]) -> Iterator[str]:
    """Files and directories of certificates that configuration names, wherever they lie."""
    for path, seen in list(files.items()):
        text = seen.content.decode("utf-8", "replace")
        if path.endswith(".toml"):
            try:
                yield from _paths(tomllib.loads(text))
            except (tomllib.TOMLDecodeError, RecursionError):
                continue
        elif path.endswith(".yaml"):
            yield from _YAML_PATH.findall(text)


def _paths(settings: Any) -> Iterator[str]:
    if isinstance(settings, list):
        for each in settings:
            yield from _paths(each)
    if not isinstance(settings, dict):
        return
    for key, value in settings.items():
        if key in _NAMING:
            for text in _texts(value):
                # config_path is a list of directories; elsewhere a colon is part of a name.
                parts = text.split(":") if key == "config_path" else (text,)
                yield from (each.rstrip("/") for each in parts if each.startswith("/"))
        elif isinstance(value, dict | list):
            yield from _paths(value)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    for each in value if isinstance(value, list) else ():
        yield from _texts(each)
