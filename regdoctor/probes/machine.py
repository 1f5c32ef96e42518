"""Facts of the host we run on: room where images are kept, the engine's socket, the user."""

from __future__ import annotations

import grp
import json
import os
import pwd
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.transport.invoker import invoking_uid
from regdoctor.observations.host import HostFiles
from regdoctor.observations.machine import Disk, MachineFacts, Socket

PROGRAMS = ("buildah", "docker", "podman")
_VARIABLES = ("DOCKER_BUILDKIT", "DOCKER_HOST")
_SYSTEM_SOCKET = "/var/run/docker.sock"
_CONTAINERD = "/var/lib/containerd"
_BUILDKIT = "/var/lib/buildkit"
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class MachineReader:
    """``home`` and ``environ`` are the asking user's; ``state`` is where regdoctor keeps images,
    None where nothing will be kept."""

    home: str
    environ: Mapping[str, str]
    state: Path | None = None

    def read(self, files: HostFiles) -> MachineFacts:
        """What there is. Blocking; a few calls of the kernel, one small file."""
        uid = invoking_uid()
        return MachineFacts(
            user=_user(uid),
            uid=uid,
            disks=self._disks(files, uid),
            docker=self._docker(),
            programs=tuple(name for name in PROGRAMS if self._which(name)),
            environ={name: self.environ[name] for name in _VARIABLES if self.environ.get(name)},
        )

    def _which(self, name: str) -> bool:
        return shutil.which(name, path=self.environ.get("PATH", os.defpath)) is not None

    def _disks(self, files: HostFiles, uid: int) -> tuple[Disk, ...]:
        found: dict[int, Disk] = {}
        for path, place, clients, as_root in self._places(files, uid):
            try:
                device, seen = place.stat().st_dev, os.statvfs(place)
            except OSError:
                continue
            before = found.get(device)
            disk = Disk(
                paths=(*(before.paths if before else ()), path),
                clients=tuple(dict.fromkeys((*(before.clients if before else ()), *clients))),
                free=(seen.f_bfree if as_root else seen.f_bavail) * seen.f_frsize,
                size=seen.f_blocks * seen.f_frsize,
                inodes_free=seen.f_ffree if as_root else seen.f_favail,
                inodes=seen.f_files,
                read_only=bool(seen.f_flag & os.ST_RDONLY),
            )
            found[device] = disk
        return tuple(found.values())

    def _places(
        self, files: HostFiles, uid: int
    ) -> Iterator[tuple[str, Path, tuple[str, ...], bool]]:
        """(directory, where to look, who keeps images there, whether root writes it)."""
        root = _data_root(files)
        yield root, Path(root), ("docker", "buildkit"), True
        yield _CONTAINERD, Path(_CONTAINERD), ("containerd", "docker"), True
        yield _BUILDKIT, Path(_BUILDKIT), ("buildkit",), True
        podman = "/var/lib/containers" if uid == 0 else f"{self.home}/.local/share/containers"
        yield podman, Path(podman), ("podman",), uid == 0
        if self.state is not None:
            # It is made by the first build, in the nearest directory that there is.
            yield str(self.state), _nearest(self.state), ("regdoctor",), uid == 0

    def _docker(self) -> Socket | None:
        """As the docker CLI chooses: the variable, then the context, then the system's socket."""
        host = self.environ.get("DOCKER_HOST", "")
        if host:
            scheme, _, path = host.partition("://")
            return _socket(path) if scheme == "unix" else None
        context = self.environ.get("DOCKER_CONTEXT") or self._context()
        return _socket(_SYSTEM_SOCKET) if context in ("", "default") else None

    def _context(self) -> str:
        """``currentContext`` of config.json; nothing else is taken from that file."""
        directory = self.environ.get("DOCKER_CONFIG") or f"{self.home}/.docker"
        try:
            with Path(directory, "config.json").open("rb") as file:
                settings = json.loads(file.read(_MOST_BYTES))
        except (OSError, ValueError):
            return ""
        chosen = settings.get("currentContext") if isinstance(settings, dict) else ""
        return chosen if isinstance(chosen, str) else ""


def _nearest(path: Path) -> Path:
    """``path``, or the nearest directory above it that this user can see."""
    for each in (path, *path.parents):
        try:
            each.stat()
        except OSError:
            continue
        return each
    return Path("/")


def _data_root(files: HostFiles) -> str:
    try:
        settings = json.loads(files.text("/etc/docker/daemon.json") or "{}")
    except ValueError:
        settings = {}
    root = settings.get("data-root") if isinstance(settings, dict) else None
    return root if isinstance(root, str) and root.startswith("/") else "/var/lib/docker"


def _socket(path: str) -> Socket | None:
    try:
        seen = Path(path).stat()
    except OSError:
        return None
    if not stat.S_ISSOCK(seen.st_mode):
        return None
    effective = os.access in os.supports_effective_ids
    return Socket(
        path=path,
        owner=_user(seen.st_uid),
        group=_group(seen.st_gid),
        mode=stat.S_IMODE(seen.st_mode),
        opens=os.access(path, os.R_OK | os.W_OK, effective_ids=effective),
        member=_listed(invoking_uid(), seen.st_gid),
    )


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _listed(uid: int, gid: int) -> bool:
    try:
        return _user(uid) in grp.getgrgid(gid).gr_mem
    except KeyError:
        return False
