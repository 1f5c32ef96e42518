"""What a snapshot changed: an overlay's upper directory, or two whole trees, compared.

Both walks give changes in the order of a layer tar: parents before children, names in byte
order. A directory that is equal below and above is written only as the parent of a change.
What counts as equal is containerd's rule: type, mode, owner, device, file capabilities,
size, and modification time; contents decide where both times have no nanoseconds. A file
that is equal is left out even where a new hard link to it came: BuildKit's layer then has
the new name as a file of its own.
"""
# Inner loops: os calls on strings, no Path per file.

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from builder.snapshot.types import Change, ChangeKind, SnapshotError

_CHUNK = 1 << 18
_OPAQUE = ("trusted.overlay.opaque", "user.overlay.opaque")
_UNREADABLE = (
    "trusted.overlay.redirect",
    "user.overlay.redirect",
    "trusted.overlay.metacopy",
    "user.overlay.metacopy",
)


class _Folder(Struct):
    """A directory on the way down. ``lower`` is None where there is none to compare with."""

    path: str
    upper: str
    lower: str | None
    names: Iterator[str]
    whole: bool
    """The upper side hides the lower one: what is missing above is deleted."""
    written: bool


class ChangeWalk:
    """One walk over ``upper``. ``overlay``: it is an upper directory, with whiteouts in it;
    otherwise it is a whole tree, and what it lacks is deleted."""

    def __init__(self, upper: Path, lower: Path | None, *, overlay: bool) -> None:
        self._upper = os.fspath(upper)
        self._lower = os.fspath(lower) if lower is not None else None
        self._overlay = overlay
        self._stack: list[_Folder] = []

    def __iter__(self) -> Iterator[Change]:
        """Raises SnapshotError where a tree cannot be read."""
        try:
            self._enter("", self._upper, self._lower, whole=not self._overlay, written=True)
            while self._stack:
                folder = self._stack[-1]
                name = next(folder.names, None)
                if name is None:
                    self._stack.pop()
                else:
                    yield from self._entry(folder, name)
        except OSError as error:
            raise SnapshotError(f"cannot compare snapshots: {error}") from error

    def _enter(
        self, path: str, upper: str, lower: str | None, *, whole: bool, written: bool
    ) -> None:
        names = os.listdir(upper)
        if whole and lower is not None:
            names = list({*names, *os.listdir(lower)})
        names.sort(key=os.fsencode)
        self._stack.append(_Folder(path, upper, lower, iter(names), whole, written))

    def _entry(self, folder: _Folder, name: str) -> Iterator[Change]:
        path = f"{folder.path}/{name}" if folder.path else name
        upper = f"{folder.upper}/{name}"
        lower = f"{folder.lower}/{name}" if folder.lower is not None else None
        below = _lstat(lower) if lower is not None else None
        above = _lstat(upper)
        if above is None or (self._overlay and _is_whiteout(above)):
            if below is not None:
                yield from self._parents(path)
                yield Change(ChangeKind.DELETE, path, None)
            return
        mode = above.st_mode
        if stat.S_ISSOCK(mode):
            # No layer can hold a socket: what it stands on is gone all the same.
            if below is not None and not stat.S_ISSOCK(below.st_mode):
                yield from self._parents(path)
                yield Change(ChangeKind.DELETE, path, None)
            return
        if stat.S_ISDIR(mode):
            yield from self._directory(folder, path, upper, above, lower, below)
        elif below is None:
            yield from self._parents(path)
            yield Change(ChangeKind.ADD, path, upper)
        elif not _equal(upper, above, lower or "", below):
            yield from self._parents(path)
            yield Change(ChangeKind.MODIFY, path, upper)

    def _directory(
        self,
        folder: _Folder,
        path: str,
        upper: str,
        above: os.stat_result,
        lower: str | None,
        below: os.stat_result | None,
    ) -> Iterator[Change]:
        opaque = self._overlay and _is_opaque(upper)
        written = below is None or not _equal(upper, above, lower or "", below)
        if written:
            yield from self._parents(path)
            kind = ChangeKind.ADD if below is None else ChangeKind.MODIFY
            yield Change(kind, path, upper)
        if below is None or not stat.S_ISDIR(below.st_mode):
            lower = None
        self._enter(path, upper, lower, whole=folder.whole or opaque, written=written)

    def _parents(self, path: str) -> Iterator[Change]:
        """The directories that are equal on both sides, but now hold a change."""
        for folder in self._stack:
            if not folder.written and path.startswith(folder.path + "/"):
                folder.written = True
                yield Change(ChangeKind.MODIFY, folder.path, folder.upper)


def _lstat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_whiteout(found: os.stat_result) -> bool:
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


def _is_opaque(path: str) -> bool:
    """Whether an upper directory hides the lower one; refuses what we cannot read alone."""
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return False
        raise
    for name in names:
        if name in _UNREADABLE:
            raise SnapshotError(f"{path} was written with {name.rpartition('.')[2]} switched on")
    return any(name in names and os.getxattr(path, name) == b"y" for name in _OPAQUE)


def _capability(path: str) -> bytes:
    try:
        return os.getxattr(path, "security.capability", follow_symlinks=False)
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOTSUP):
            return b""
        raise


def _equal(upper: str, above: os.stat_result, lower: str, below: os.stat_result) -> bool:
    mode = above.st_mode
    if (
        mode != below.st_mode
        or above.st_uid != below.st_uid
        or above.st_gid != below.st_gid
        or above.st_rdev != below.st_rdev
    ):
        return False
    if (above.st_ino, above.st_dev) == (below.st_ino, below.st_dev):
        return True
    if _capability(upper) != _capability(lower):
        return False
    if stat.S_ISDIR(mode):
        return True
    if above.st_size != below.st_size or above.st_mtime_ns != below.st_mtime_ns:
        return False
    if above.st_mtime_ns % 1_000_000_000:
        return True
    if stat.S_ISLNK(mode):
        return os.readlink(upper) == os.readlink(lower)
    if not stat.S_ISREG(mode) or above.st_size == 0:
        return True
    with open(upper, "rb") as one, open(lower, "rb") as other:
        while chunk := one.read(_CHUNK):
            if chunk != other.read(_CHUNK):
                return False
    return True
