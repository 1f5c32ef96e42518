"""The ids that exist here: whether we are in a user namespace, and what a new one may map.

See user_namespaces(7), subuid(5).
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable
from pathlib import Path

from builder.executor import programs

IdMap = tuple[tuple[int, int, int], ...]
"""``(inside, outside, count)``."""

_WHOLE = "0 0 4294967295"


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


def _has(number: int, ids: IdMap, own: Path) -> bool:
    if not ids:
        try:
            lines = own.read_text().splitlines()
        except OSError:
            return True
        ids = tuple((int(a), int(b), int(c)) for a, b, c in map(str.split, lines))
    return any(inside <= number < inside + count for inside, _, count in ids)


def for_runtime(
    subuid: Path = Path("/etc/subuid"), subgid: Path = Path("/etc/subgid")
) -> tuple[IdMap, IdMap]:
    """The maps of users and groups for the runtime of a plain user: we are root inside.

    The ids that the administrator lent us follow, where newuidmap can set them.
    """
    helped = programs.find("newuidmap") is not None and programs.find("newgidmap") is not None
    uids, gids = (_lent(path) if helped else [] for path in (subuid, subgid))
    if not (uids and gids):
        uids = gids = []
    return _map(os.geteuid(), uids), _map(os.getegid(), gids)


def _lent(path: Path) -> list[tuple[int, int]]:
    """``(first, count)`` of the ranges lent to us, by our name or number."""
    try:
        names = {str(os.geteuid()), pwd.getpwuid(os.geteuid()).pw_name}
    except KeyError:
        names = {str(os.geteuid())}
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return []
    fields = (line.split(":") for line in lines)
    return [
        (int(entry[1]), int(entry[2]))
        for entry in fields
        if len(entry) == 3 and entry[0] in names and entry[1].isdigit() and entry[2].isdigit()
    ]


def _map(own: int, lent: Iterable[tuple[int, int]]) -> IdMap:
    out = [(0, own, 1)]
    inside = 1
    for first, count in lent:
        out.append((inside, first, count))
        inside += count
    return tuple(out)
