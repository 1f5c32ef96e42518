"""Who a step runs as: ``USER`` looked up in the image's own passwd and group files.

The rules are those of the Go runtimes (``user.GetExecUser``): a number is always an id and
need not exist; a name must; supplementary groups apply only where no group was given.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from builder.executor.types import ExecutorError
from builder.snapshot.paths import read_regular

_MAX_ID = 2**31 - 1
_DIGITS = 20


class UserNotFoundError(ExecutorError):
    """A user or group name that the image does not have. ``name`` is that name."""

    def __init__(self, kind: str, name: str) -> None:
        database = "passwd" if kind == "user" else "group"
        super().__init__(
            f"unable to find {kind} {name}: no matching entries in {database} file",
            hint=f"create the {kind} in an earlier step, or give a numeric id",
        )
        self.name = name


class Identity(Struct, frozen=True):
    """Numeric ids of a process; ``groups`` are the supplementary ones."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()


def lookup(root: Path, user: str) -> Identity:
    """``user`` as in a Dockerfile: ``""``, ``name``, ``uid``, each with an optional ``:group``.

    Raises UserNotFoundError, and ExecutorError for an id out of range.
    """
    name, _, group = user.partition(":")
    wanted_uid = _number(name)
    entry: tuple[str, int, int] | None = None
    for login, uid, gid in _passwd(root):
        matches = (
            uid == wanted_uid if wanted_uid is not None else login == name if name else uid == 0
        )
        if matches:
            entry = (login, uid, gid)
            break
    if entry is None:
        if name and wanted_uid is None:
            raise UserNotFoundError("user", name)
        entry = ("", wanted_uid or 0, 0)
    login, uid, gid = entry[0], _in_range(entry[1]), _in_range(entry[2])
    if group:
        return Identity(uid, _group_id(root, group))
    supplementary: tuple[int, ...] = ()
    if login:
        supplementary = tuple(
            _in_range(number) for _, number, members in _groups(root) if login in members
        )
    return Identity(uid, gid, supplementary)


def _group_id(root: Path, group: str) -> int:
    number = _number(group)
    if number is not None:
        return number
    for name, gid, _ in _groups(root):
        if name == group:
            return _in_range(gid)
    raise UserNotFoundError("group", group)


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()):
        return None
    return _in_range(_value(text))


def _value(text: str) -> int:
    """Digits as a number; so many that nobody means it become one that is out of range."""
    return int(text) if len(text) <= _DIGITS else _MAX_ID + 1


def _in_range(value: int) -> int:
    if value > _MAX_ID:
        raise ExecutorError(f"uids and gids must be in range 0-{_MAX_ID}")
    return value


def _lines(root: Path, path: str) -> Iterator[list[str]]:
    for raw in (read_regular(str(root), path) or b"").decode("utf-8", "replace").split("\n"):
        line = raw.strip()
        if line and not line.startswith("#"):
            yield line.split(":")


def _field(fields: list[str], index: int) -> int:
    """A missing or malformed number reads as 0, as in Go's parser."""
    text = fields[index] if index < len(fields) else ""
    return _value(text) if text.isascii() and text.isdigit() else 0


def _passwd(root: Path) -> Iterator[tuple[str, int, int]]:
    for fields in _lines(root, "/etc/passwd"):
        yield fields[0], _field(fields, 2), _field(fields, 3)


def _groups(root: Path) -> Iterator[tuple[str, int, list[str]]]:
    for fields in _lines(root, "/etc/group"):
        yield fields[0], _field(fields, 2), fields[3].split(",") if len(fields) > 3 else []
