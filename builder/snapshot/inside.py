"""Directories below a root, opened the way chroot would see them.

A layer may plant any symlink it likes; the kernel never gets to follow one here. Each
component is opened by itself without following, links are read and resolved by us, and
``..`` stops at the root. So nothing outside the root can be reached, whatever it says.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from builder.snapshot.types import SnapshotError

_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_LIMIT = 128
_LINK_LIMIT = 255
_LENGTH_LIMIT = 3500
"""Bytes of a path below the root: with the root before it, it must fit in PATH_MAX."""


class Directory:
    """An open directory: its descriptor, and its real path below the root (``b""``: root)."""

    __slots__ = ("fd", "path")

    def __init__(self, fd: int, path: bytes) -> None:
        self.fd = fd
        self.path = path


class Inside:
    """Opens directories below ``root``; a context manager that closes them again."""

    def __init__(self, root: Path) -> None:
        self._root = Directory(os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC), b"")
        self._open: dict[bytes, Directory] = {}

    def __enter__(self) -> Inside:
        return self

    def __exit__(self, *exc: object) -> None:
        self.forget()
        os.close(self._root.fd)

    def forget(self) -> None:
        """Close all but the root: the tree has changed under what was open."""
        for directory in self._open.values():
            os.close(directory.fd)
        self._open.clear()

    def directory(self, path: bytes, *, create: bool) -> Directory:
        """Open ``path``: cleaned, relative, without ``..``; ``b""`` is the root.

        Valid until the next call. Missing directories are made (0755) where ``create``
        says so. Raises FileNotFoundError, NotADirectoryError, SnapshotError.
        """
        if not path:
            return self._root
        found = self._open.get(path)
        if found is not None:
            return found
        # Start at the nearest parent that is open: layers list files folder by folder.
        parent, _, name = path.rpartition(b"/")
        rest = [name]
        while parent and parent not in self._open:
            parent, _, name = parent.rpartition(b"/")
            rest.append(name)
        start = self._open[parent] if parent else self._root
        found = self._walk(start, rest, create=create)
        if len(self._open) >= _OPEN_LIMIT:
            self.forget()
        self._open[path] = found
        return found

    def _walk(self, start: Directory, rest: list[bytes], *, create: bool) -> Directory:
        """``rest`` lists components, the next one last."""
        at = Directory(os.dup(start.fd), start.path)
        links = 0
        try:
            while rest:
                name = rest.pop()
                if name in (b"", b"."):
                    continue
                if name == b"..":
                    self._replace(at, self._up(at.path))
                    continue
                target = self._enter(at, name, create=create)
                if target is None:
                    continue
                links += 1
                if links > _LINK_LIMIT:
                    raise SnapshotError(f"too many links in {os.fsdecode(at.path)}")
                rest.extend(reversed(target.split(b"/")))
                if target.startswith(b"/"):
                    self._replace(at, Directory(os.dup(self._root.fd), b""))
        except BaseException:
            os.close(at.fd)
            raise
        return at

    def _enter(self, at: Directory, name: bytes, *, create: bool) -> bytes | None:
        """Move ``at`` into ``name``, or give the target where ``name`` is a symlink."""
        try:
            fd = os.open(name, _DIRECTORY, dir_fd=at.fd)
        except FileNotFoundError:
            if not create:
                raise
            fd = _make(name, at.fd)
        except OSError:
            target = _link(name, at.fd)
            if target is None:
                raise
            return target
        path = at.path + b"/" + name if at.path else name
        self._replace(at, Directory(fd, path))
        if len(path) > _LENGTH_LIMIT:
            raise SnapshotError(f"a path of more than {_LENGTH_LIMIT} bytes in the layer")
        return None

    def _up(self, path: bytes) -> Directory:
        parent = path.rpartition(b"/")[0]
        at = Directory(os.dup(self._root.fd), b"")
        try:
            # Real components only: none of them can be a link.
            for name in _parts(parent):
                fd = os.open(name, _DIRECTORY, dir_fd=at.fd)
                os.close(at.fd)
                at.fd = fd
        except BaseException:
            os.close(at.fd)
            raise
        at.path = parent
        return at

    @staticmethod
    def _replace(at: Directory, by: Directory) -> None:
        os.close(at.fd)
        at.fd, at.path = by.fd, by.path


def _make(name: bytes, parent: int) -> int:
    """A new directory, opened; in a tree that others write to they may have made it first."""
    made = True
    try:
        os.mkdir(name, 0o755, dir_fd=parent)
    except FileExistsError:
        made = False
    fd = os.open(name, _DIRECTORY, dir_fd=parent)
    if made:
        os.chmod(f"/proc/self/fd/{fd}", 0o755)  # noqa: S103  (whatever the umask)
    return fd


def clean(name: bytes) -> bytes:
    """``name`` relative to the root, without ``.``, ``..`` and doubled slashes, lexically:
    what Go's ``filepath.Clean("/" + name)`` gives, without its leading slash."""
    parts: list[bytes] = []
    for part in name.split(b"/"):
        if part == b"..":
            if parts:
                parts.pop()
        elif part not in (b"", b"."):
            parts.append(part)
    return b"/".join(parts)


def _parts(path: bytes) -> Iterable[bytes]:
    return path.split(b"/") if path else ()


def _link(name: bytes, fd: int) -> bytes | None:
    try:
        return os.readlink(name, dir_fd=fd)
    except OSError:
        return None
