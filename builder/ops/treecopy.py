"""Copying between trees with ``cp -a`` semantics, as BuildKit's COPY does (fsutil ``copy``).

What is special about it: an existing destination *directory* at the top keeps its own
owner, mode and time, while directories below it take those of the source; hard links
inside one copy stay hard links; extended attributes that the file system refuses are
left out in silence.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct, field

from builder.ops.errors import OpError
from builder.ops.modes import apply_symbolic
from builder.snapshot import paths
from builder.snapshot.bytecopy import copy_file
from builder.snapshot.crew import Crew
from builder.snapshot.tree import remove_tree


class PathMatcher(Protocol):
    """Patterns with the semantics of ``.dockerignore`` (moby/patternmatcher)."""

    def matches(self, path: str) -> bool: ...


class Owner(Struct, frozen=True):
    """Numeric owner of what is copied."""

    uid: int
    gid: int


class CopyOptions(Struct):
    """``mode`` (octal bits) and ``mode_text`` (symbolic) are None where the mode is kept;
    ``time_ns`` None keeps the source's times; ``owner`` None keeps the source's owner."""

    owner: Owner | None = None
    mode: int | None = None
    mode_text: str = ""
    time_ns: int | None = None
    copy_dir_contents: bool = False
    follow_links: bool = False
    replace_existing: bool = False
    include: PathMatcher | None = None
    exclude: PathMatcher | None = None
    cancelled: Callable[[], bool] = field(default=lambda: False)


class Cancelled(OpError):
    """The solve ended while files were being copied."""


def allow(directory: str, mode: int) -> None:
    """Give a new directory ``mode``; the set-group-ID bit that it has from its parent stays."""
    inherited = os.stat(directory).st_mode & stat.S_ISGID
    os.chmod(directory, mode & 0o777 | inherited)


def make_directories(path: str, mode: int, owner: Owner | None, time_ns: int | None) -> list[str]:
    """Create ``path`` and its missing parents with ``mode``; returns what was created.

    Raises NotADirectoryError where something else stands in the way.
    """
    if os.path.isdir(path):
        return []
    missing = [path]
    while not os.path.isdir(parent := os.path.dirname(missing[-1])):
        missing.append(parent)
    created: list[str] = []
    for directory in reversed(missing):
        try:
            os.mkdir(directory, mode & 0o777)
        except FileExistsError as error:
            raise NotADirectoryError(errno.ENOTDIR, "not a directory", directory) from error
        allow(directory, mode)
        if owner is not None:
            os.chown(directory, owner.uid, owner.gid)
        if time_ns is not None:
            os.utime(directory, ns=(time_ns, time_ns))
        created.append(directory)
    return created


def copy_tree(
    source_root: str, source: str, target_root: str, target: str, options: CopyOptions
) -> None:
    """Copy ``source`` (a path in one tree) to ``target`` (a path in another).

    ``target`` with a trailing ``/`` is a directory. Raises OpError.
    """
    directory_mode = 0o755 if options.mode is None else options.mode
    head, tail = os.path.split(target)
    ensured = head if tail not in ("", ".") else target
    created = make_directories(
        paths.root_path(target_root, ensured), directory_mode, options.owner, options.time_ns
    )
    destination = paths.root_path(target_root, os.path.normpath(target))
    origin = paths.root_path(source_root, source, follow_last=options.follow_links)
    try:
        info = os.lstat(origin)
    except OSError as error:
        raise OpError(f"lstat {source}: no such file or directory") from error
    is_dir = stat.S_ISDIR(info.st_mode)
    exists = os.path.lexists(destination) and (
        os.path.exists(destination) or not os.path.islink(destination)
    )
    if exists and (
        (is_dir and not options.copy_dir_contents) or (not is_dir and os.path.isdir(destination))
    ):
        destination = os.path.join(destination, os.path.basename(os.path.normpath(source)))
    parent = destination if options.copy_dir_contents and is_dir and not exists else None
    created += make_directories(
        parent or os.path.dirname(destination), directory_mode, options.owner, options.time_ns
    )
    _Copier(options, target_root).copy(origin, destination)
    if options.time_ns is not None:
        for directory in reversed(created):
            os.utime(directory, ns=(options.time_ns, options.time_ns))


class _Folder:
    """A directory that is being copied; ``below`` is its path under what is copied."""

    def __init__(self, source: str, below: str, target: str, info: os.stat_result) -> None:
        self.source = source
        self.below = below
        self.target = target
        self.info = info
        self.names = iter(sorted(os.listdir(source), key=os.fsencode))
        self.included = False
        self.created = False


class _Copier:
    """One copy: remembers inodes (for hard links) and parents not yet made (for filters)."""

    def __init__(self, options: CopyOptions, root: str) -> None:
        self._options = options
        self._root = root
        self._links: dict[tuple[int, int], str] = {}
        self._pending: list[_Folder] = []
        self._files: Crew[tuple[str, str, os.stat_result]] = Crew(lambda file: self._leaf(*file))

    def copy(self, source: str, target: str) -> None:
        """No recursion: trees may be deeper than Python's stack."""
        with self._files:
            folders = self._visit(source, "", target)
            while folders:
                folder = folders[-1]
                name = next(folder.names, None)
                if name is None:
                    self._files.finish()  # before the directory gets its time
                    self._leave(folders.pop())
                else:
                    below = f"{folder.below}/{name}" if folder.below else name
                    there = f"{folder.target}/{name}"
                    folders += self._visit(f"{folder.source}/{name}", below, there)
            self._files.finish()

    def _visit(self, source: str, below: str, target: str) -> list[_Folder]:
        """Copy one inode; a directory is given back, to be gone through."""
        options = self._options
        if options.cancelled():
            raise Cancelled("context canceled")
        info = os.lstat(source)
        included = below == "" or (
            (options.include is None or options.include.matches(below))
            and not (options.exclude is not None and options.exclude.matches(below))
        )
        if stat.S_ISDIR(info.st_mode):
            folder = _Folder(source, below, target, info)
            self._enter(folder, included)
            return [folder]
        if included:
            self._make_pending()
            self._clear(target, is_dir=False)
            if stat.S_ISREG(info.st_mode) and info.st_nlink == 1:
                self._files.add((source, target, info))
            else:
                self._leaf(source, target, info)
        return []

    def _leaf(self, source: str, target: str, info: os.stat_result) -> None:
        self._copy_file(source, target, info)
        self._copy_metadata(source, target, info)

    def _clear(self, target: str, *, is_dir: bool) -> None:
        try:
            existing = os.lstat(target)
        except FileNotFoundError:
            return
        existing_is_dir = stat.S_ISDIR(existing.st_mode)
        if is_dir and existing_is_dir:
            return
        if self._options.replace_existing and existing_is_dir:
            remove_tree(target)
        elif existing_is_dir:
            shown = target[len(self._root) :]
            raise OpError(f"cannot replace to directory {shown} with file")
        elif not is_dir or self._options.replace_existing:
            os.unlink(target)

    def _enter(self, folder: _Folder, included: bool) -> None:
        folder.included = included
        if included:
            self._make_pending()
            self._clear(folder.target, is_dir=True)
            folder.created = self._make_directory(folder.target)
        else:
            self._pending.append(folder)

    def _leave(self, folder: _Folder) -> None:
        if not folder.included:
            if self._pending and self._pending[-1] is folder:
                self._pending.pop()
        elif folder.created or folder.below:
            self._copy_metadata(folder.source, folder.target, folder.info)
        else:
            self._copy_time(folder.target, folder.info)

    def _make_directory(self, target: str) -> bool:
        """Whether it was created; an existing directory is kept."""
        try:
            existing = os.lstat(target)
        except FileNotFoundError:
            os.mkdir(target, 0o700)
            return True
        if not stat.S_ISDIR(existing.st_mode):
            raise OpError(f"cannot copy to non-directory: {target[len(self._root) :]}")
        return False

    def _make_pending(self) -> None:
        """Directories that no pattern named, now that something below them is copied."""
        for folder in self._pending:
            if self._make_directory(folder.target):
                self._copy_metadata(folder.source, folder.target, folder.info)
        self._pending.clear()

    def _copy_file(self, source: str, target: str, info: os.stat_result) -> None:
        kind = stat.S_IFMT(info.st_mode)
        if kind == stat.S_IFREG:
            if info.st_nlink > 1:
                key = (info.st_dev, info.st_ino)
                if key in self._links:
                    os.link(self._links[key], target, follow_symlinks=False)
                    return
                self._links[key] = target
            copy_file(source, target, info.st_size)
        elif kind == stat.S_IFLNK:
            os.symlink(os.readlink(source), target)
        elif kind == stat.S_IFSOCK:
            # a socket has no content to copy: BuildKit leaves an empty file in its place
            os.mknod(target, stat.S_IMODE(info.st_mode) | stat.S_IFREG)
        else:
            device = info.st_rdev if kind in (stat.S_IFCHR, stat.S_IFBLK) else 0
            os.mknod(target, info.st_mode, device)

    def _copy_metadata(self, source: str, target: str, info: os.stat_result) -> None:
        options = self._options
        owner = options.owner or Owner(info.st_uid, info.st_gid)
        os.chown(target, owner.uid, owner.gid, follow_symlinks=False)
        if not stat.S_ISLNK(info.st_mode):
            if options.mode_text:
                mode = apply_symbolic(options.mode_text, info.st_mode)
            elif options.mode is not None:
                mode = options.mode & 0o7777
            else:
                mode = stat.S_IMODE(info.st_mode)
            os.chmod(target, mode)
        copy_xattrs(source, target)
        self._copy_time(target, info)

    def _copy_time(self, target: str, info: os.stat_result) -> None:
        time_ns = self._options.time_ns
        times = (info.st_atime_ns, info.st_mtime_ns) if time_ns is None else (time_ns, time_ns)
        os.utime(target, ns=times, follow_symlinks=False)


def copy_xattrs(source: str, target: str) -> None:
    """Extended attributes up to the first that is refused, as with BuildKit (``copyXAttrs``)."""
    try:
        names: Sequence[str] = os.listxattr(source, follow_symlinks=False)
    except OSError:
        return
    for name in names:
        try:
            value = os.getxattr(source, name, follow_symlinks=False)
            os.setxattr(target, name, value, follow_symlinks=False)
        except OSError:
            return
