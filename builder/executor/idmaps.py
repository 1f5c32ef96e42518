"""The ids that exist here: whether we are in a user namespace, and what a new one may map.

See user_namespaces(7), subuid(5).
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Iterable
from pathlib import Path

from builder.executor import programs

IdMap = tuple[tuple[int, int, int], ...]
"""``(inside, outside, count)``."""

_WHOLE = "0 0 4294967295"
_SECONDS = 10.0


def in_user_namespace() -> bool:
    """The initial namespace maps all ids to themselves."""
    try:
        text = Path("/proc/self/uid_map").read_text()
    except OSError:
        return False  # a kernel without user namespaces
    return " ".join(text.split()) != _WHOLE


def groups_allowed() -> bool:
    """False in a user namespace that a plain user made without help: setgroups is denied."""
    try:
        return Path("/proc/self/setgroups").read_text().strip() != "deny"
    except OSError:
        return True


def has_uid(uid: int, uid_map: IdMap) -> bool:
    """Whether ``uid`` exists inside ``uid_map``, or here where that is empty."""
    return _has(uid, uid_map, Path("/proc/self/uid_map"))


def has_gid(gid: int, gid_map: IdMap) -> bool:
    """Whether ``gid`` exists inside ``gid_map``, or here where that is empty."""
    return _has(gid, gid_map, Path("/proc/self/gid_map"))


def single_id() -> bool:
    """Whether this user namespace maps one user id or one group id only."""
    maps = (_own(Path("/proc/self", name)) for name in ("uid_map", "gid_map"))
    return any(ids is not None and sum(count for *_, count in ids) == 1 for ids in maps)


def _own(path: Path) -> IdMap | None:
    """None on a kernel without user namespaces."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    return tuple((int(a), int(b), int(c)) for a, b, c in map(str.split, lines))


def _has(number: int, ids: IdMap, own: Path) -> bool:
    if not ids:
        found = _own(own)
        if found is None:
            return True
        ids = found
    return any(inside <= number < inside + count for inside, _, count in ids)


def for_runtime(
    subuid: Path = Path("/etc/subuid"), subgid: Path = Path("/etc/subgid")
) -> tuple[IdMap, IdMap]:
    """The maps of users and groups for the namespace of a plain user: we are root inside.

    The ids that the administrator lent us follow, where newuidmap can set them.
    """
    own = os.geteuid()
    uids, gids = (lent(own, path) for path in (subuid, subgid)) if helpers() else ((), ())
    if not (uids and gids):
        uids = gids = ()
    return _map(own, uids), _map(os.getegid(), gids)


def helpers() -> bool:
    """Whether the programs are there that may set ids which were lent."""
    return all(programs.find(name) is not None for name in ("newuidmap", "newgidmap"))


def lent(user: int, path: Path) -> tuple[tuple[int, int], ...]:
    """``(first, count)`` of the ranges lent to ``user`` by name or number, none twice.

    ``path`` is ``/etc/subuid`` or ``/etc/subgid``. Where it has none, a directory service may
    (subid in nsswitch.conf(5)): getsubids(1) asks it.
    """
    names = {str(user), name_of(user)}
    try:
        lines = path.read_text().splitlines()
    except OSError:
        lines = []
    rows = [line.split(":") for line in lines]
    found = [row[1:] for row in rows if len(row) == 3 and row[0] in names]
    if not found:
        found = _served(user, groups=path.name == "subgid")
    out: list[tuple[int, int]] = []
    for first, count in found:
        if not (first.isdigit() and count.isdigit() and int(count)):
            continue
        start, end = int(first), int(first) + int(count)
        if all(end <= other or start >= other + length for other, length in out):
            out.append((start, end - start))
    return tuple(out)


def name_of(user: int) -> str:
    """The name of a user, or the number where there is none."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _served(user: int, *, groups: bool) -> list[list[str]]:
    """``[first, count]`` as getsubids prints it: ``0: NAME FIRST COUNT``."""
    program = programs.find("getsubids")
    if program is None:
        return []
    kind = ["-g"] if groups else []
    try:
        done = subprocess.run(
            [program, *kind, name_of(user)],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    rows = (line.split() for line in done.stdout.splitlines())
    return [row[2:] for row in rows if len(row) == 4]


def _map(own: int, lent: Iterable[tuple[int, int]]) -> IdMap:
    out = [(0, own, 1)]
    inside = 1
    for first, count in lent:
        out.append((inside, first, count))
        inside += count
    return tuple(out)
