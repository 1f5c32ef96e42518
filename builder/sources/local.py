"""``local://``: a directory of the client, filtered and frozen into a snapshot.

What is taken follows BuildKit's session (fsutil): patterns say what to leave out, follow
paths say what is needed at all (links on the way included), owners become root, sockets
empty files. The directory is read through descriptors, never through links: a tree that
changes under the walk can spoil the build but cannot lead out of the directory.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field

from builder.events import Emit, StatusEvent
from builder.oci import gojson
from builder.oci.digest import Digest
from builder.snapshot.bytecopy import copy_bytes
from builder.snapshot.crew import Crew
from builder.snapshot.paths import glob_regex, has_wildcard
from builder.snapshot.tree import remove_tree
from builder.snapshot.types import Active, SnapshotError, Snapshotter
from builder.sources.errors import FULL, SourceError
from builder.sources.filters import Above, PathFilter
from builder.sources.kept import Record, Slot, identity, settled

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_LIMIT = 100
"""Directories above one another that are kept open; a tree may be deeper."""
_MANY, _MUCH = 500, 8 << 20
"""Files, or bytes, from which on a copy is kept: one of less is made as fast as it is found."""
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LocalTree(Struct):
    """A source of one build. ``status`` is what progress calls the transfer."""

    name: str
    root: Path
    follow: tuple[str, ...]
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    snapshots: Snapshotter
    session: str
    slot: Slot | None = None
    """Where its last copy is kept, and this one will be."""
    frozen: str | None = None
    """The snapshot, once there is one."""
    _record: Record = field(default_factory=Record)
    _large: bool = False

    @property
    def digests(self) -> dict[str, str]:
        """Content hashes of files that are known to be in the snapshot, by path with a leading
        slash. Others may be put there, for the next build."""
        return self._record.digests

    @property
    def key(self) -> str:
        """Never equal to that of another build: the directory may change in between."""
        filters = {
            "SessionID": self.session,
            "IncludePatterns": list(self.include),
            "ExcludePatterns": list(self.exclude),
            "FollowPaths": list(self.follow),
        }
        return f"session:{self.name}:{Digest.of(gojson.dumps(filters))}"

    def freeze(self, emit: Emit, vertex: str, cancelled: Callable[[], bool]) -> str:
        """Copy what is asked for into a snapshot; its id. Blocks; raises SourceError."""
        started = time.time()
        name = f"transferring {self.name}:"
        transfer = _Transfer(self.root, cancelled, self._record)
        emit(StatusEvent(vertex, name, timestamp=started, started=started))
        try:
            include = None
            if self.follow or self.include:
                include = [*self.include, *follow_links(self.root, self.follow)]
            chosen = PathFilter(include, self.exclude)
            with self.snapshots.prepare(None) as active:
                last = self.slot.take(active.path) if self.slot is not None else None
                transfer.copy(chosen, active, last)
                snapshot = self.frozen = active.commit()
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise SourceError(f"cannot keep a copy of {self.name}: {why}", hint=FULL) from error
            place = f"{error.filename}: " if error.filename else ""
            raise SourceError(
                f"failed to read {self.name} from {self.root}: {place}{why}"
            ) from error
        self._large = transfer.files >= _MANY or transfer.total >= _MUCH
        now = time.time()
        emit(StatusEvent(vertex, name, "", transfer.bytes, 0, now, started, now))
        return snapshot

    def discard(self) -> None:
        """Remove the snapshot, which no other build can ask for, unless others lie on it.
        A large one is kept for the next build of the directory.

        To be called when nothing of this build reads it any more. Blocks.
        """
        frozen, self.frozen = self.frozen, None
        if frozen is None:
            return
        if self.slot is not None and self._large:
            with suppress(OSError, SnapshotError):
                self.slot.put(self._record, lambda tree: self.snapshots.remove(frozen, tree))
                return
        with suppress(SnapshotError):
            self.snapshots.remove(frozen)


class _Folder:
    """A directory of the walk, open; ``made`` once it is in the snapshot too."""

    def __init__(self, path: str, fd: int, above: Above) -> None:
        self.path = path
        self.fd = fd
        self.above = above
        self.info = os.fstat(fd)
        self.names = iter(sorted(os.listdir(fd), key=os.fsencode))
        self.made = False
        self.taken: set[str] = set()

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def reopen(self, child: int) -> None:
        """Open it again from a directory in it, which must not have been moved."""
        self.fd = os.open("..", _DIRECTORY, dir_fd=child)
        if not os.path.samestat(os.fstat(self.fd), self.info):
            raise SourceError(f"{self.path or '/'}: changed while it was read")


class _Transfer:
    """One copy of a directory into a snapshot; ``record`` takes what is known of it then."""

    def __init__(self, root: Path, cancelled: Callable[[], bool], record: Record) -> None:
        self._root = root
        self._cancelled = cancelled
        self._record = record
        self._links: dict[tuple[int, int], str] = {}
        self._files: Crew[tuple[int, str, str, str]] = Crew(self._copy_file)
        self._started = time.time_ns()
        self._last: Record | None = None
        self.bytes = 2
        """What went over; an empty transfer counts the two bytes of its end, as BuildKit's."""
        self.files = 0
        """All that are in the copy, ..."""
        self.total = 0
        """... and their bytes."""

    def copy(self, chosen: PathFilter, active: Active, last: Record | None) -> None:
        """``last``: what is known of the copy that is there already, if one is."""
        self._chosen = chosen
        self._target = str(active.path)
        self._last = last
        root = os.open(self._root, _DIRECTORY & ~os.O_NOFOLLOW)
        self._folders = [_Folder("", root, chosen.root())]
        try:
            with self._files:
                while self._folders:
                    self._step(self._folders[-1])
        finally:
            for folder in self._folders:
                folder.close()

    def _step(self, folder: _Folder) -> None:
        """Take the next entry of the deepest folder that is open, or leave it."""
        if self._cancelled():
            raise SourceError("context canceled")
        name = next(folder.names, None)
        if name is None:
            self._leave(folder)
            return
        path = f"{folder.path}/{name}" if folder.path else name
        try:
            info = os.stat(name, dir_fd=folder.fd, follow_symlinks=False)
        except FileNotFoundError:
            return  # removed since the listing
        taken, found = self._chosen.look(path, folder.above)
        if stat.S_ISDIR(info.st_mode):
            if taken or self._chosen.may_take_below(path, found):
                self._enter(folder.fd, name, path, taken=taken, found=found)
        elif taken:
            self._make_folders()
            self._leaf(folder.fd, name, path, info)

    def _enter(self, parent: int, name: str, path: str, *, taken: bool, found: Above) -> None:
        self._folders.append(_Folder(path, _open(_DIRECTORY, name, parent, path), found))
        if taken:
            self._make_folders()
        if len(self._folders) > _OPEN_LIMIT:
            self._files.finish()
            self._folders[-_OPEN_LIMIT].close()

    def _leave(self, folder: _Folder) -> None:
        self._files.finish()  # while it is open, and before it gets its time
        self._folders.pop()
        if self._folders and self._folders[-1].fd < 0:
            self._folders[-1].reopen(folder.fd)
        folder.close()
        if self._last is not None and (folder.made or not folder.path):
            self._drop_others(folder)
        if folder.made:
            self._folders[-1].taken.add(os.path.basename(folder.path))
            times = (folder.info.st_mtime_ns, folder.info.st_mtime_ns)
            os.utime(f"{self._target}/{folder.path}", ns=times)

    def _make_folders(self) -> None:
        """Directories above what is taken come along, with their own mode."""
        missing = []
        for folder in reversed(self._folders[1:]):
            if folder.made:
                break
            missing.append(folder)
        for folder in reversed(missing):
            target = f"{self._target}/{folder.path}"
            try:
                os.mkdir(target, 0o700)
            except FileExistsError:
                if not stat.S_ISDIR(os.lstat(target).st_mode):
                    os.unlink(target)
                    os.mkdir(target, 0o700)
            os.chmod(target, stat.S_IMODE(folder.info.st_mode))
            folder.made = True
            self._count(folder.path, 0)

    def _leaf(self, directory: int, name: str, path: str, info: os.stat_result) -> None:
        target, kind = f"{self._target}/{path}", stat.S_IFMT(info.st_mode)
        self._folders[-1].taken.add(name)
        self.files += 1
        self.total += info.st_size if kind == stat.S_IFREG else 0
        if self._last is not None:
            if self._is_there(path, info):
                self._count(path, 0)
                return
            _clear(target)
        key = (info.st_dev, info.st_ino)
        if info.st_nlink > 1 and kind == stat.S_IFREG and key in self._links:
            os.link(f"{self._target}/{self._links[key]}", target)
            self._count(path, 0)
            return
        if kind == stat.S_IFREG and info.st_nlink == 1:
            self._files.add((directory, name, path, target))
        elif kind == stat.S_IFREG:
            self._copy_file((directory, name, path, target))
        else:
            self._note(path, info)
            if kind == stat.S_IFLNK:
                os.symlink(os.readlink(name, dir_fd=directory), target)
            else:
                device = info.st_rdev if kind in (stat.S_IFCHR, stat.S_IFBLK) else 0
                # a socket becomes an empty file, as fsutil sends it
                made = stat.S_IFREG if kind == stat.S_IFSOCK else kind
                os.mknod(target, made | 0o600, device)
                os.chmod(target, stat.S_IMODE(info.st_mode))
            os.utime(target, ns=(info.st_mtime_ns, info.st_mtime_ns), follow_symlinks=False)
        if info.st_nlink > 1:
            self._links[key] = path
        self._count(path, info.st_size if kind == stat.S_IFREG else 0)

    def _copy_file(self, file: tuple[int, str, str, str]) -> None:
        directory, name, path, target = file
        reader = _open(_FILE, name, directory, path)
        try:
            info = os.fstat(reader)
            if not stat.S_ISREG(info.st_mode):
                raise SourceError(f"{path}: changed while it was read")
            writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                copy_bytes(reader, writer, info.st_size)
                _copy_xattrs(reader, writer)
                os.fchmod(writer, stat.S_IMODE(info.st_mode))
                os.utime(writer, ns=(info.st_mtime_ns, info.st_mtime_ns))
            finally:
                os.close(writer)
        finally:
            os.close(reader)
        self._note(path, info)

    def _note(self, path: str, info: os.stat_result) -> None:
        """Remember what was copied. Names of one file are not: they belong together."""
        if info.st_nlink == 1 and settled(info, self._started):
            self._record.identities[path] = identity(info)

    def _is_there(self, path: str, info: os.stat_result) -> bool:
        """Whether the copy has this file as it is now."""
        assert self._last is not None
        seen = self._last.identities.get(path)
        if seen is None or info.st_nlink > 1 or seen != identity(info):
            return False
        self._record.identities[path] = seen
        digest = self._last.digests.get(f"/{path}")
        if digest is not None:
            self._record.digests[f"/{path}"] = digest
        return True

    def _drop_others(self, folder: _Folder) -> None:
        """Remove from the copy of a folder what the folder does not have any more."""
        target = f"{self._target}/{folder.path}"
        for name in os.listdir(target):
            if name not in folder.taken:
                _clear(f"{target}/{name}")

    def _count(self, path: str, size: int) -> None:
        self.bytes += len(os.fsencode(path)) + size


def _clear(target: str) -> None:
    """Have nothing be there."""
    try:
        os.unlink(target)
    except FileNotFoundError:
        pass
    except IsADirectoryError:
        remove_tree(target)


def _open(flags: int, name: str, directory: int, path: str) -> int:
    try:
        return os.open(name, flags, dir_fd=directory)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            raise SourceError(f"error from sender: open {path}: permission denied") from error
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):
            raise SourceError(f"{path}: changed while it was read") from error
        raise


def _copy_xattrs(reader: int, writer: int) -> None:
    """Extended attributes, as far as the snapshot's file system has them.

    Not the capabilities of a file: BuildKit gives it its owner after them, which drops them.
    """
    try:
        names = os.listxattr(reader)
    except OSError:
        return
    for name in set(names) - {"security.capability"}:
        with contextlib.suppress(OSError):  # one that is refused must not cost the others
            os.setxattr(writer, name, os.getxattr(reader, name))


def follow_links(root: Path, paths: Sequence[str]) -> list[str]:
    """The paths, and every link met on the way to them with what it points to.

    Links are read as if ``root`` were ``/``. Wildcards stand for what matches now. An empty
    string among the result means everything (fsutil ``FollowLinks``).
    """
    resolved: set[str] = set()
    pending = list(paths)
    while pending:
        remaining = _clean(pending.pop()).split("/")
        current = ""
        while True:
            current = f"{current}/{remaining.pop(0)}".lstrip("/")
            targets = _link_targets(root, current)
            if (targets is not None or not remaining) and current in resolved:
                break
            if targets is not None:
                resolved.add(current)
                pending.extend("/".join((target, *remaining)) for target in targets)
                break
            if not remaining:
                resolved.add(current)
                break
    return sorted(resolved)


def _clean(path: str) -> str:
    return os.path.normpath("/" + path).lstrip("/")


def _link_targets(root: Path, path: str) -> list[str] | None:
    """What the link ``path`` (or the links that its wildcard matches) points to, if any."""
    parent, name = os.path.split(path)
    if not has_wildcard(name):
        target = _read_link(root, path)
        return None if target is None else [target]
    matcher = glob_regex(name)
    try:
        names = sorted(os.listdir(root / parent))
    except OSError:
        return None
    found = [
        target
        for entry in names
        if matcher.fullmatch(entry) and (target := _read_link(root, f"{parent}/{entry}"))
    ]
    return found or None


def _read_link(root: Path, path: str) -> str | None:
    try:
        target = os.readlink(root / path.lstrip("/"))
    except OSError:
        return None
    return _clean(target if target.startswith("/") else f"{os.path.dirname(path)}/{target}")
