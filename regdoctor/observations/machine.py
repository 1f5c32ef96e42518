"""Facts of this host that stand in no file: who asks, room on disks, the engine's socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system where clients keep images, at the first of ``paths``.

    ``free`` and ``size`` in bytes, ``free`` as whoever writes there may use it; ``inodes`` 0
    where the file system does not count them.
    """

    paths: tuple[str, ...]
    clients: tuple[str, ...]
    free: int
    size: int
    inodes_free: int = 0
    inodes: int = 0
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Socket:
    """A daemon's socket. ``opens``: the asking user may connect to it; ``member``: the group
    file lists the user in ``group``, be it in effect for this session or not."""

    path: str
    owner: str
    group: str
    mode: int
    opens: bool
    member: bool = False


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """Only of the host that we run on. ``uid`` is the effective one.

    ``docker`` is the socket that the docker CLI of this user would open, None where there is
    none or a context names another place. ``programs`` are those of the clients that are on
    the PATH; ``environ`` the few variables that choose a builder.
    """

    user: str
    uid: int
    disks: tuple[Disk, ...] = ()
    docker: Socket | None = None
    programs: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
