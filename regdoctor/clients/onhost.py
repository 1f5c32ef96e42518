"""A program as a host has it: its version, its environment, and the plan that follows."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from regdoctor.clients import buildx, docker_desktop, kaniko, kind
from regdoctor.clients.daemon_environment import daemon_environment
from regdoctor.clients.plan import ClientPlan, Situation
from regdoctor.clients.programs import PROGRAMS
from regdoctor.clients.shapes import json_table
from regdoctor.clients.version import UnknownVersionError, Version, version
from regdoctor.observations.host import HostFiles


@dataclass(frozen=True, slots=True)
class Kind:
    """``newest`` is the version that is taken where none was found: what a new install has.

    ``found_as`` names it in ``HostFiles.versions``; ``unit`` is the daemon that opens its
    connections, empty where the command itself does. ``release`` reads the version in files,
    where no package tells it; ``present``: whether the host has it, where that is not known by
    a version. ``moved`` makes of a plan with the host's files one without them.
    """

    newest: str
    found_as: str = ""
    unit: str = ""
    release: Callable[[HostFiles], str] | None = None
    present: Callable[[HostFiles], bool] | None = None
    moved: Callable[[ClientPlan], ClientPlan] | None = None

    def on(self, files: HostFiles) -> bool:
        """Whether the host has it."""
        return self.present(files) if self.present else self.found_as in files.versions


KINDS: Mapping[str, Kind] = {
    "docker-pull": Kind("29.7.2", "docker", "docker.service"),
    "docker-build": Kind("29.7.2", "docker", "docker.service"),
    "docker-classic": Kind("29.7.2", "docker", "docker.service"),
    "docker-login": Kind("29.7.2", "docker", "docker.service"),
    "docker-cli": Kind("29.7.2", "docker"),
    "docker-desktop": Kind("29.7.2", present=docker_desktop.present),
    "docker-desktop-build": Kind("29.7.2", present=docker_desktop.present),
    "buildkitd": Kind("0.32", "buildkit", "buildkit.service"),
    "buildx": Kind("0.32", release=buildx.release, present=buildx.present),
    "cri": Kind("2.2.7", "containerd", "containerd.service"),
    "ctr": Kind("2.2.7", "containerd"),
    "kind": Kind("2.2.7", present=kind.present),
    "nerdctl": Kind("2.1", "nerdctl"),
    "k3s": Kind("1.33", "k3s", "k3s.service"),
    "rke2": Kind("1.33", "rke2", "rke2-server.service"),
    "podman": Kind("5.8.6", "podman"),
    "buildah": Kind("1.43.2", "buildah"),
    "skopeo": Kind("1.22.0", "skopeo"),
    "cri-o": Kind("1.36", "cri-o", "crio.service"),
    "crane": Kind("0.20.7", "crane"),
    "kaniko": Kind("1.24.0", "kaniko", moved=kaniko.in_its_image),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """``guessed``: no version was found, and that of a new install was taken."""

    version: Version
    guessed: bool


def version_of(files: HostFiles, program: str, given: str = "") -> Seen:
    """``given`` where there is one, else what was found, else the newest that is known.

    Raises UnknownVersionError where ``given`` is no version.
    """
    row = KINDS[program]
    if given:
        return Seen(version(given), False)
    found = row.release(files) if row.release else files.versions.get(row.found_as, "")
    if found:
        try:
            return Seen(version(found), False)
        except UnknownVersionError:
            pass
    return Seen(version(row.newest), True)


def plan_on(
    files: HostFiles,
    program: str,
    reference: str,
    *,
    given: str = "",
    addresses: Mapping[str, tuple[str, ...]] | None = None,
) -> ClientPlan:
    """What ``program`` on this host would do for ``reference`` (a pull)."""
    return _planned(_Key(files), program, reference, given, tuple((addresses or {}).items()))


class _Key:
    """``HostFiles`` is made once for a run and holds dicts: it is told apart by identity."""

    def __init__(self, files: HostFiles) -> None:
        self.files = files

    def __hash__(self) -> int:
        return id(self.files)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.files is self.files


@functools.lru_cache(maxsize=512)
def _planned(
    key: _Key,
    program: str,
    reference: str,
    given: str,
    addresses: tuple[tuple[str, tuple[str, ...]], ...],
) -> ClientPlan:
    files = key.files
    row = next(each for each in PROGRAMS if each.name == program)
    unit = KINDS[program].unit
    seen = version_of(files, program, given)
    own = dict(files.environment)
    environment = daemon_environment(files, unit) if unit else own
    plan = row.evaluate(
        Situation(
            client=program,
            version=seen.version,
            reference=reference,
            files=files,
            environment=environment,
            cli_environment=own,
            store=_store(files, seen.version) if program.startswith("docker") else "",
            addresses=dict(addresses),
        )
    )
    moved = KINDS[program].moved
    return moved(plan) if moved else plan


def _store(files: HostFiles, engine: Version) -> str:
    """dockerd's image store: a setting, what lies on the disk, else what a new install has."""
    settings = json_table(files, "/etc/docker/daemon.json")
    features = settings.get("features")
    wanted = features.get("containerd-snapshotter") if isinstance(features, dict) else None
    if isinstance(wanted, bool):
        return "containerd" if wanted else "graphdriver"
    if settings.get("storage-driver") or files.directories.get("/var/lib/docker/image"):
        return "graphdriver"
    return "containerd" if engine.since(29) else "graphdriver"
