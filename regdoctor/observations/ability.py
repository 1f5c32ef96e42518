"""What a host is and has for builds: its kernel, its programs, and what a trial showed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Kernel:
    """``switches``: sysctls by name, those that the kernel has. ``cgroups``: ``v1``, ``v2``,
    ``hybrid`` or ``none``. ``foreign``: what binfmt_misc runs, by the name of its entry."""

    release: str
    machine: str
    switches: Mapping[str, str] = field(default_factory=dict)
    cgroups: str = "none"
    foreign: tuple[str, ...] = ()
    file_systems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """What a build would find: as ``builder.api.HostTrial`` says."""

    refused: str = ""
    remedy: str = ""
    limit: str = ""
    driver: str = ""
    no_overlay: str = ""
    sandboxes: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, str] = field(default_factory=dict)
    lent: tuple[int, int] = (0, 0)
    helpers: bool = False


@dataclass(frozen=True, slots=True)
class HostAbility:
    """Only of the host that we run on. ``programs``: version by name, ``""`` where a program
    does not tell. ``free`` of ``size`` bytes where ``state`` is or will be. ``buildkit``: the
    value of DOCKER_BUILDKIT (None: not set) and of daemon.json's features.buildkit."""

    kernel: Kernel
    user: str
    uid: int
    trial: Trial
    state: str
    free: int
    size: int
    programs: Mapping[str, str] = field(default_factory=dict)
    docker_buildkit: str | None = None
    daemon_buildkit: bool | None = None
