"""Whom files made by a file op belong to (BuildKit ``ops/user_linux.go``)."""

from __future__ import annotations

from collections.abc import Callable

from builder.llb import ops as llb
from builder.ops.errors import OpError
from builder.ops.treecopy import Owner
from builder.snapshot import paths

_MAX_ID = 2**31 - 1
_DIGITS = 20
"""More are no number that anybody means, and more than Python converts."""
_LIMIT = 10 << 20
"""Most bytes of a passwd or group file that are read."""

TreeOf = Callable[[int], str]
"""The directory where the tree of an input (or of an action's result) can be read."""


def resolve_owner(owner: llb.ChownOpt | None, tree_of: TreeOf) -> Owner | None:
    """Numbers for ``owner``; None where none is asked for.

    A numeric user is its own group; a name that is not in the tree's passwd counts as 0,
    without an error: that is what BuildKit does, whatever its documentation says.
    """
    if owner is None:
        return None
    uid = gid = 0
    user = owner.user.user if owner.user is not None else None
    if isinstance(user, llb.NamedUserOpt):
        fields = _lookup(tree_of(user.input), "/etc/passwd", user.name, count=4)
        if fields is not None:
            uid, gid = int(fields[2]), int(fields[3])
    elif user is not None:
        uid = gid = user
    group = owner.group.user if owner.group is not None else None
    if isinstance(group, llb.NamedUserOpt):
        fields = _lookup(tree_of(group.input), "/etc/group", group.name, count=3)
        if fields is not None:
            gid = int(fields[2])
    elif group is not None:
        gid = group
    return Owner(uid, gid)


def _lookup(root: str, path: str, name: str, *, count: int) -> list[str] | None:
    """The first line of that name whose ids are numbers."""
    data = paths.read_regular(root, path, _LIMIT)
    text = (data or b"").decode("utf-8", "replace")
    for line in text.splitlines():
        fields = line.strip().split(":")
        numbers = fields[2:count]
        if len(fields) < count or fields[0] != name:
            continue
        if all(number.isascii() and number.isdigit() for number in numbers):
            if any(len(number) > _DIGITS or int(number) > _MAX_ID for number in numbers):
                raise OpError(f"{path}: {name}: uids and gids must be in range 0-{_MAX_ID}")
            return fields
    return None
