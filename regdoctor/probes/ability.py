"""Looks at the kernel, the lent ids, the programs and the disk of this host."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from builder.transport.invoker import invoking_uid
from regdoctor.observations.ability import HostAbility, Kernel, Trial

SECONDS = 5.0
SWITCHES = (
    "kernel.unprivileged_userns_clone",
    "user.max_user_namespaces",
    "kernel.apparmor_restrict_unprivileged_userns",
)
PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "docker": ("docker", "--version"),
    "dockerd": ("dockerd", "--version"),
    "docker-buildx": ("docker-buildx", "version"),
    "buildkitd": ("buildkitd", "--version"),
    "containerd": ("containerd", "--version"),
    "ctr": ("ctr", "--version"),
    "nerdctl": ("nerdctl", "--version"),
    "podman": ("podman", "--version"),
    "buildah": ("buildah", "--version"),
    "skopeo": ("skopeo", "--version"),
    "crane": ("crane", "version"),
    "crio": ("crio", "--version"),
    "k3s": ("k3s", "--version"),
    "kind": ("kind", "--version"),
    "kubectl": ("kubectl", "version", "--client"),
    "helm": ("helm", "version", "--short"),
    "runc": ("runc", "--version"),
    "crun": ("crun", "--version"),
    "pasta": ("pasta", "--version"),
    "slirp4netns": ("slirp4netns", "--version"),
    "git": ("git", "--version"),
    "ssh": ("ssh", "-V"),
}
"""How each is asked for its version. None of these asks a network or a daemon."""
_PLUGINS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
_ADMINISTRATION = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""runc is there, and a plain user's PATH often has it not."""
_VERSION = re.compile(r"(?:\b|_)v?(\d+\.\d+(?:\.\d+)*[^\s,)]*)|(\d{4}_\d\d_\d\d\.[0-9a-f]+)")
_MOST = 1 << 20


@dataclass(frozen=True, slots=True)
class AbilityReader:
    """``root`` is where ``/proc`` and ``/etc`` are read; programs are those of this host."""

    environ: Mapping[str, str]
    state: Path
    root: Path = Path("/")

    def read(self, trial: Trial) -> HostAbility:
        """Blocking: programs are run for their versions, side by side."""
        free, size = self._disk()
        return HostAbility(
            kernel=self._kernel(),
            user=_name(uid := invoking_uid()),
            uid=uid,
            trial=trial,
            state=str(self.state),
            free=free,
            size=size,
            programs=self._programs(),
            docker_buildkit=self.environ.get("DOCKER_BUILDKIT"),
            daemon_buildkit=self._daemon_buildkit(),
        )

    def _kernel(self) -> Kernel:
        found = os.uname()
        switches = {name: self._text(f"proc/sys/{name.replace('.', '/')}") for name in SWITCHES}
        return Kernel(
            release=found.release,
            machine=found.machine,
            switches={name: value.strip() for name, value in switches.items() if value},
            cgroups=self._cgroups(),
            foreign=self._foreign(),
            file_systems=tuple(
                line.split()[-1] for line in self._text("proc/filesystems").splitlines()
            ),
        )

    def _cgroups(self) -> str:
        lines = self._text("proc/self/mountinfo").splitlines()
        kinds = {line.rpartition(" - ")[2].partition(" ")[0] for line in lines}
        found = kinds & {"cgroup", "cgroup2"}
        names = {"cgroup": "v1", "cgroup2": "v2"}
        return "hybrid" if len(found) == 2 else names[found.pop()] if found else "none"

    def _foreign(self) -> tuple[str, ...]:
        try:
            entries = sorted((self.root / "proc/sys/fs/binfmt_misc").iterdir())
        except OSError:
            return ()
        return tuple(
            entry.name
            for entry in entries
            if entry.name.startswith("qemu-") and self._enabled(entry)
        )

    def _enabled(self, entry: Path) -> bool:
        try:
            return entry.read_text().startswith("enabled")
        except OSError:
            return False

    def _disk(self) -> tuple[int, int]:
        place = next(each for each in (self.state, *self.state.absolute().parents) if each.is_dir())
        found = os.statvfs(place)
        return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize

    def _programs(self) -> dict[str, str]:
        commands = {
            name: (path, *command[1:])
            for name, command in PROGRAMS.items()
            if (path := self._find(command[0])) is not None
        }
        with ThreadPoolExecutor(max_workers=4) as pool:
            return dict(zip(commands, pool.map(_version, commands.values()), strict=True))

    def _find(self, name: str) -> str | None:
        if name != "docker-buildx":
            path = self.environ.get("PATH", os.defpath)
            return shutil.which(name, path=os.pathsep.join((path, *_ADMINISTRATION)))
        home = self.environ.get("DOCKER_CONFIG") or f"{self.environ.get('HOME', '')}/.docker"
        places = os.pathsep.join((f"{home}/cli-plugins", *_PLUGINS))
        return shutil.which(name, path=places)

    def _daemon_buildkit(self) -> bool | None:
        try:
            document = json.loads(self._text("etc/docker/daemon.json") or "{}")
            value = document.get("features", {}).get("buildkit")
        except (ValueError, AttributeError):
            return None
        return value if isinstance(value, bool) else None

    def _text(self, name: str) -> str:
        try:
            with (self.root / name).open(errors="replace") as file:
                return file.read(_MOST)
        except OSError:
            return ""


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _version(command: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = _VERSION.search(done.stdout[:4096] + done.stderr[:4096])
    return found[1] or found[2] if found else ""
