"""A root file system copied into a directory of the client, which may have files already.

Every directory is opened without following links, so that a link in the destination leads
nowhere. Only the directory in hand is open, however deep the tree is.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from pathlib import Path

from msgspec import Struct

from builder.exporters.errors import ExportError, unwritable
from builder.exporters.treewalk import sorted_names
from builder.snapshot.bytecopy import copy_bytes

_MODE = 0o7777
_OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def copy_tree(root: Path, dest: Path, epoch: int | None = None) -> int:
    """Copy the tree into ``dest``; what has an equal name there is replaced.

    Modes, times, links and hard links are kept, owners are ours. ``epoch`` (seconds) bounds
    the times. Returns the bytes of the files. Blocks. Raises ExportError, for a link where a
    directory has to be as well.
    """
    try:
        dest.mkdir(parents=True, exist_ok=True)
        base = os.open(dest, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            copy = _Copy(base, dest, epoch)
            copy.run(root)
            return copy.size
        finally:
            os.close(base)
    except OSError as error:
        raise unwritable(error.filename or dest, error) from error


class _Level(Struct):
    """A directory on the way down: what is left of it, and how to know it again."""

    source: Path
    path: str
    info: os.stat_result
    left: list[str]
    identity: tuple[int, int]


class _Copy:
    """One copy under way: ``base`` is the destination, hard links are relative to it."""

    def __init__(self, base: int, dest: Path, epoch: int | None) -> None:
        self._base = base
        self._dest = dest
        self._epoch = epoch
        self._seen: dict[tuple[int, int], str] = {}
        self.size = 0

    def run(self, root: Path) -> None:
        here = os.dup(self._base)
        try:
            levels = [self._level(here, root, "")]
            while True:
                level = levels[-1]
                if level.left:
                    name = level.left.pop()
                    source, path = level.source / name, level.path + name
                    info = source.lstat()
                    if not stat.S_ISDIR(info.st_mode):
                        self._leaf(here, source, name, path, info)
                        continue
                    child = self._enter(here, name, path)
                    os.close(here)
                    here = child
                    levels.append(self._level(here, source, path + "/"))
                    continue
                levels.pop()
                if not levels:
                    return
                here = self._leave(here, level, levels[-1])
        finally:
            os.close(here)

    def _level(self, target: int, source: Path, path: str) -> _Level:
        found = os.fstat(target)
        names = sorted_names(source)[::-1]
        return _Level(source, path, source.lstat(), names, (found.st_dev, found.st_ino))

    def _leave(self, here: int, level: _Level, above: _Level) -> int:
        """Give the finished directory its mode and time, and go back to the one above."""
        os.fchmod(here, level.info.st_mode & _MODE)
        parent = os.open("..", _OPEN_DIRECTORY, dir_fd=here)
        found = os.fstat(parent)
        if (found.st_dev, found.st_ino) != above.identity:
            os.close(parent)
            raise ExportError(f"{self._dest / level.path} was moved while it was written")
        os.utime(here, ns=self._times(level.info))
        os.close(here)
        return parent

    def _enter(self, parent: int, name: str, path: str) -> int:
        """The directory ``name``, made where it is missing; a file there is replaced."""
        with contextlib.suppress(FileNotFoundError):
            present = os.stat(name, dir_fd=parent, follow_symlinks=False)
            if stat.S_ISLNK(present.st_mode):
                raise ExportError(
                    f"{self._dest / path} is a symbolic link, the output has a directory there",
                    hint="remove the link, or choose an empty directory",
                )
            if not stat.S_ISDIR(present.st_mode):
                os.unlink(name, dir_fd=parent)
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=parent)
        child = os.open(name, _OPEN_DIRECTORY, dir_fd=parent)
        os.fchmod(child, 0o700)  # writable until its own mode is set at the end
        return child

    def _leaf(self, parent: int, source: Path, name: str, path: str, info: os.stat_result) -> None:
        """Made under another name and renamed, so that a reader sees the old or the new."""
        kind = stat.S_IFMT(info.st_mode)
        partial = f".{secrets.token_hex(8)}.partial"
        try:
            if not self._linked(parent, partial, path, info):
                if kind == stat.S_IFREG:
                    self._file(parent, partial, source, info)
                elif kind == stat.S_IFLNK:
                    os.symlink(source.readlink(), partial, dir_fd=parent)
                elif kind == stat.S_IFSOCK:
                    return
                else:
                    os.mknod(partial, info.st_mode, info.st_rdev, dir_fd=parent)
                    os.chmod(partial, info.st_mode & _MODE, dir_fd=parent)
                os.utime(partial, ns=self._times(info), dir_fd=parent, follow_symlinks=False)
            self._rename(parent, partial, name)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(partial, dir_fd=parent)
            raise

    def _linked(self, parent: int, partial: str, path: str, info: os.stat_result) -> bool:
        if info.st_nlink < 2:
            return False
        first = self._seen.setdefault((info.st_dev, info.st_ino), path)
        if first == path:
            return False
        os.link(first, partial, src_dir_fd=self._base, dst_dir_fd=parent, follow_symlinks=False)
        return True

    def _file(self, parent: int, partial: str, source: Path, info: os.stat_result) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(partial, flags, 0o600, dir_fd=parent)
        with source.open("rb") as content, open(descriptor, "wb") as copy:  # noqa: PTH123
            copy_bytes(content.fileno(), copy.fileno(), info.st_size)
            os.fchmod(descriptor, info.st_mode & _MODE)
        self.size += info.st_size

    def _rename(self, parent: int, partial: str, name: str) -> None:
        try:
            os.rename(partial, name, src_dir_fd=parent, dst_dir_fd=parent)
        except IsADirectoryError:
            shutil.rmtree(name, dir_fd=parent)
            os.rename(partial, name, src_dir_fd=parent, dst_dir_fd=parent)

    def _times(self, info: os.stat_result) -> tuple[int, int]:
        moment = info.st_mtime_ns
        if self._epoch is not None:
            moment = min(moment, self._epoch * 10**9)
        return moment, moment
