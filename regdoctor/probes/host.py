"""Configuration files of the clients on a host. Never keys, never credentials."""

from __future__ import annotations

import errno
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from regdoctor.observations.host import FileSeen, HostFiles

MOST_BYTES = 1 << 20
MOST_FILES = 2000

_FILES = (
    "/etc/docker/daemon.json",
    "/etc/default/docker",
    "/etc/buildkit/buildkitd.toml",
    "/etc/containers/registries.conf",
)
_TREES = (
    "/etc/docker/certs.d",
    "/etc/containerd/certs.d",
    "/etc/containers/certs.d",
    "/etc/containers/registries.conf.d",
    "/etc/buildkit/certs",
)
_UNIT_TREES = tuple(
    f"/etc/systemd/system/{name}.service.d" for name in ("docker", "containerd", "buildkit")
)
_UNITS = ("docker.service", "docker.socket", "containerd.service")
_UNIT_DIRECTORIES = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_CREDENTIALS = ".docker/config.json"
_HOME_FILES = (".config/containers/registries.conf", _CREDENTIALS)
_HOME_TREES = (
    *(".config/containers/certs.d", ".config/containers/registries.conf.d"),
    ".docker/buildx/instances",
)
_SECRET = (".key",)
_LOGINS = (
    re.compile(rb"(?<=://)[^/@\s\"']{1,1024}@"),
    re.compile(rb"(?<=[\"'= ])(?:Basic|Bearer) [\w.~+/=-]+", re.IGNORECASE),
)
"""Where files that are no credentials files have logins all the same: proxies and headers."""


@dataclass(frozen=True, slots=True)
class HostReader:
    """Reads below ``root`` as a client there would; ``home`` is a path inside of it."""

    root: Path = Path("/")
    home: str = ""

    def read(self) -> HostFiles:
        """What there is. Blocking; bounded in number and size of files."""
        reading = _Reading(self.root)
        for path in _FILES:
            reading.file(path)
        for path in _TREES:
            reading.tree(path, depth=2)
        for path in _UNIT_TREES:
            reading.tree(path, depth=1)
        for path in _UNIT_DIRECTORIES:
            reading.names(path, _UNITS)
        if self.home:
            for path in _HOME_FILES:
                reading.file(f"{self.home}/{path}")
            for path in _HOME_TREES:
                reading.tree(f"{self.home}/{path}", depth=2)
        for path in _named_by_buildkit(reading):
            reading.file(path)
            reading.tree(path, depth=1)
        return HostFiles(reading.files, reading.directories, self.home)


class _Reading:
    def __init__(self, root: Path) -> None:
        self._root = root
        self.files: dict[str, FileSeen] = {}
        self.directories: dict[str, tuple[str, ...]] = {}

    def file(self, path: str) -> None:
        if path in self.files or path.endswith(_SECRET) or len(self.files) >= MOST_FILES:
            return
        try:
            with self._inside(path).open("rb") as file:
                content = file.read(MOST_BYTES)
                if path.endswith(_CREDENTIALS):
                    content = _proxies_alone(content)
                self.files[path] = FileSeen(_without_logins(content))
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return
        except OSError as error:
            self.files[path] = FileSeen(error=errno.errorcode.get(error.errno or 0, "EIO"))

    def tree(self, path: str, *, depth: int) -> None:
        try:
            entries = sorted(self._inside(path).iterdir())
        except OSError:
            return
        self.directories[path] = tuple(entry.name for entry in entries)
        for entry in entries:
            below = f"{path}/{entry.name}"
            if entry.is_dir():
                if depth > 1:
                    self.tree(below, depth=depth - 1)
            else:
                self.file(below)

    def names(self, path: str, wanted: tuple[str, ...]) -> None:
        """Which of ``wanted`` there are in the directory; nothing is read."""
        found = tuple(name for name in wanted if self._inside(f"{path}/{name}").exists())
        if found:
            self.directories[path] = found

    def _inside(self, path: str) -> Path:
        return self._root / path.lstrip("/")


def _proxies_alone(content: bytes) -> bytes:
    """What a file with logins says about proxies, and nothing else of it."""
    try:
        settings = json.loads(content)
    except ValueError:
        return b""
    proxies = settings.get("proxies") if isinstance(settings, dict) else None
    return json.dumps({"proxies": proxies} if proxies else {}).encode()


def _without_logins(content: bytes) -> bytes:
    """Text with ``***`` for each login, so that it can be kept and shown."""
    content = _LOGINS[0].sub(b"***@", content)
    return _LOGINS[1].sub(b"***", content)


def _named_by_buildkit(reading: _Reading) -> Iterator[str]:
    """CA files and directories that buildkitd.toml names, wherever they lie."""
    seen = reading.files.get("/etc/buildkit/buildkitd.toml")
    if seen is None:
        return
    try:
        settings = tomllib.loads(seen.content.decode("utf-8", "replace"))
    except tomllib.TOMLDecodeError:
        return
    registries = settings.get("registry")
    for section in registries.values() if isinstance(registries, dict) else ():
        if not isinstance(section, dict):
            continue
        for key in ("ca", "tlsconfigdir"):
            value = section.get(key)
            for each in value if isinstance(value, list) else ():
                if isinstance(each, str) and each.startswith("/"):
                    yield each.rstrip("/")
