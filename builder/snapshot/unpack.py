"""A layer's tar, applied to a merged tree (OCI image-spec, layer.md).

Entries come from strangers. Parents are opened by ``inside``; the last component is never
followed: what stands there is removed, and the new inode made in its place. An existing
directory alone is kept, and gets the entry's metadata.
"""
# Inner loops: os calls on strings, no Path per file.

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from builder.snapshot import tarread
from builder.snapshot.inside import Directory, Inside, clean
from builder.snapshot.tarread import Entry, InvalidTar, TarReader
from builder.snapshot.tree import refused, remove_tree
from builder.snapshot.types import SnapshotError

_WHITEOUT = b".wh."
_META = b".wh..wh."
_OPAQUE = b".wh..wh..opq"
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LATEST_NS = (1 << 63) - 1
_OVERLAY_XATTRS = (b"trusted.overlay.", b"user.overlay.")
"""What overlay itself reads in a layer: taken from a stranger, it would redirect it."""


def apply_layer(stream: BinaryIO, root: Path) -> None:
    """Apply the uncompressed tar ``stream`` to ``root``, and read it to its end.

    Owners, modes, xattrs, devices, and times are set as the layer says. Raises SnapshotError
    (its subclass InvalidTar for a broken archive) naming the entry; ``root`` is then half
    written and must be discarded. Nothing outside ``root`` is ever written.
    """
    try:
        inside = Inside(root)
    except OSError as error:
        raise refused("open", str(root), error) from error
    with inside:
        unpacking = _Unpacking(TarReader(stream), inside, root)
        unpacking.run()


def apply_archive(stream: BinaryIO, root: Path, owner: tuple[int, int] | None = None) -> None:
    """Unpack the uncompressed tar ``stream`` into ``root``: an archive that somebody made, in
    which ``.wh.`` names mean nothing. ``owner`` (uid, gid) takes the place of its owners.

    As safe as ``apply_layer``, and raises the same.
    """
    try:
        inside = Inside(root)
    except OSError as error:
        raise refused("open", str(root), error) from error
    with inside:
        _Unpacking(TarReader(stream), inside, root, whiteouts=False, owner=owner).run()


class _Unpacking:
    def __init__(
        self,
        reader: TarReader,
        inside: Inside,
        root: Path,
        *,
        whiteouts: bool = True,
        owner: tuple[int, int] | None = None,
    ) -> None:
        self._whiteouts = whiteouts
        self._owner = owner
        self._reader = reader
        self._inside = inside
        self._root = os.fsencode(root)
        self._directories: dict[bytes, tuple[int, int]] = {}
        """Mode and time of directories by real path: set last, when all children stand."""
        self._placed: set[int] = set()
        """Hashes of the real paths that this layer has made: an opaque marker spares them."""
        # Whoever is not root could not write into a directory that is read-only already.
        self._writable = 0 if os.geteuid() == 0 else 0o700

    def run(self) -> None:
        for entry in self._reader:
            try:
                self._apply(entry)
            except OSError as error:
                raise refused("unpack", _shown(entry.name), error) from error
        self._reader.drain()
        self._finish_directories()

    def _apply(self, entry: Entry) -> None:
        name = clean(entry.name)
        if not name:
            return  # the root itself keeps its metadata, as with containerd
        folder, _, base = name.rpartition(b"/")
        if self._owner is not None:
            entry.uid, entry.gid = self._owner
        if self._whiteouts and base.startswith(_WHITEOUT):
            self._whiteout(folder, base)
        elif entry.kind == tarread.LINK:
            self._link(entry, folder, base)
        else:
            parent = self._inside.directory(folder, create=True)
            path = parent.path + b"/" + base if parent.path else base
            self._placed.add(hash(path))
            if entry.kind == tarread.REGULAR:
                self._regular(entry, parent, base, path)
            elif entry.kind == tarread.DIRECTORY:
                self._directory(entry, parent, base, path)
            else:
                self._special(entry, parent, base, path)

    def _regular(self, entry: Entry, parent: Directory, base: bytes, path: bytes) -> None:
        try:
            fd = os.open(base, _CREATE, 0o600, dir_fd=parent.fd)
        except FileExistsError:
            parent = self._clear(parent, base, path)
            fd = os.open(base, _CREATE, 0o600, dir_fd=parent.fd)
        try:
            if entry.sparse is None:
                for piece in self._reader.data():
                    written = os.write(fd, piece)
                    while written < len(piece):
                        written += os.write(fd, piece[written:])
            else:
                self._extents(fd, entry)
            os.fchown(fd, entry.uid, entry.gid)
            os.fchmod(fd, entry.mode)  # after chown, which drops setuid
            if entry.xattrs:
                _set_xattrs(fd, entry.xattrs)
            time = _bound(entry.mtime_ns)
            os.utime(fd, ns=(time, time))
        finally:
            os.close(fd)

    def _extents(self, fd: int, entry: Entry) -> None:
        """The data of a sparse file, each piece where it belongs; the rest stays a hole."""
        extents = iter(entry.sparse or ())
        offset = left = 0
        for piece in self._reader.data():
            while piece:
                while not left:
                    offset, left = next(extents)
                written = os.pwrite(fd, piece[:left], offset)
                offset, left, piece = offset + written, left - written, piece[written:]
        os.ftruncate(fd, entry.size)

    def _directory(self, entry: Entry, parent: Directory, base: bytes, path: bytes) -> None:
        try:
            os.mkdir(base, 0o700, dir_fd=parent.fd)
        except FileExistsError:
            found = os.stat(base, dir_fd=parent.fd, follow_symlinks=False)
            if not stat.S_ISDIR(found.st_mode):
                parent = self._clear(parent, base, path)
                os.mkdir(base, 0o700, dir_fd=parent.fd)
        os.chown(base, entry.uid, entry.gid, dir_fd=parent.fd, follow_symlinks=False)
        os.chmod(base, entry.mode | self._writable, dir_fd=parent.fd)
        if entry.xattrs:
            _set_xattrs(self._real(path), entry.xattrs)
        self._directories[path] = (entry.mode, _bound(entry.mtime_ns))

    def _link(self, entry: Entry, folder: bytes, base: bytes) -> None:
        target = clean(entry.link)
        target_folder, _, target_base = target.rpartition(b"/")
        try:
            target_parent = self._inside.directory(target_folder, create=False)
            source, source_path = os.dup(target_parent.fd), target_parent.path
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _no_target(entry) from error
        try:
            parent = self._inside.directory(folder, create=True)
            path = parent.path + b"/" + base if parent.path else base
            self._placed.add(hash(path))
            if parent.path == source_path and base == target_base:
                return  # a link to itself says nothing
            if not target_base:
                raise _no_target(entry)
            try:
                _hard_link(target_base, base, source, parent.fd)
            except FileExistsError:
                parent = self._clear(parent, base, path)
                _hard_link(target_base, base, source, parent.fd)
            _describe_link(entry, parent.fd, base)
        except FileNotFoundError as error:
            raise _no_target(entry) from error
        finally:
            os.close(source)

    def _special(self, entry: Entry, parent: Directory, base: bytes, path: bytes) -> None:
        try:
            _make_special(entry, base, parent.fd)
        except FileExistsError:
            parent = self._clear(parent, base, path)
            _make_special(entry, base, parent.fd)
        os.chown(base, entry.uid, entry.gid, dir_fd=parent.fd, follow_symlinks=False)
        if entry.kind != tarread.SYMLINK:
            os.chmod(base, entry.mode, dir_fd=parent.fd)
        if entry.xattrs:
            _set_xattrs(self._real(path), entry.xattrs)
        time = _bound(entry.mtime_ns)
        os.utime(base, ns=(time, time), dir_fd=parent.fd, follow_symlinks=False)

    def _whiteout(self, folder: bytes, base: bytes) -> None:
        if base.startswith(_META) and base != _OPAQUE:
            return  # what AUFS kept for itself
        hidden = base[len(_WHITEOUT) :]
        if hidden in (b"", b".", b".."):
            raise InvalidTar(f"the whiteout {_shown(base)} names nothing")
        try:
            parent = self._inside.directory(folder, create=False)
        except (FileNotFoundError, NotADirectoryError):
            return  # nothing below: nothing to hide
        if base == _OPAQUE:
            self._empty(parent.path)
        else:
            path = parent.path + b"/" + hidden if parent.path else hidden
            self._clear(parent, hidden, path)

    def _empty(self, path: bytes) -> None:
        """Remove what lower layers have in a directory, and leave what this one has made."""
        self._inside.forget()
        folders = [path]
        kept: list[bytes] = []
        while folders:
            folder = folders.pop()
            kept.append(folder)
            with os.scandir(self._real(folder)) as entries:
                for entry in entries:
                    below = folder + b"/" + entry.name if folder else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(below)
                    elif hash(below) not in self._placed:
                        os.unlink(entry.path)
        for folder in reversed(kept[1:]):
            if hash(folder) not in self._placed:
                try:
                    os.rmdir(self._real(folder))
                except OSError as error:
                    if error.errno != errno.ENOTEMPTY:  # this layer has made things in it
                        raise
                else:
                    self._directories.pop(folder, None)

    def _clear(self, parent: Directory, base: bytes, path: bytes) -> Directory:
        """Remove whatever stands at ``path``; gives the parent, open again."""
        try:
            found = os.stat(base, dir_fd=parent.fd, follow_symlinks=False)
        except FileNotFoundError:
            return parent
        if stat.S_ISREG(found.st_mode):
            os.unlink(base, dir_fd=parent.fd)
            return parent
        folder = parent.path
        # What is open may have been reached through this link, or lie in this directory.
        self._inside.forget()
        if not stat.S_ISDIR(found.st_mode):
            os.unlink(self._real(path))
        else:
            remove_tree(os.fsdecode(self._real(path)))
            below = path + b"/"
            for known in [p for p in self._directories if p == path or p.startswith(below)]:
                del self._directories[known]
        return self._inside.directory(folder, create=False)

    def _real(self, path: bytes) -> bytes:
        """A real path (no component is a link) as one the kernel can take."""
        return self._root + b"/" + path if path else self._root

    def _finish_directories(self) -> None:
        # Children first: a parent may lose the permission to reach them.
        for path, (mode, time) in sorted(self._directories.items(), reverse=True):
            real = self._real(path)
            try:
                os.utime(real, ns=(time, time), follow_symlinks=False)
                if mode & 0o700 != mode & 0o700 | self._writable:
                    os.chmod(real, mode)
            except OSError as error:
                raise refused("unpack", _shown(path), error) from error


def _make_special(entry: Entry, base: bytes, fd: int) -> None:
    if entry.kind == tarread.SYMLINK:
        os.symlink(entry.link, base, dir_fd=fd)
    elif entry.kind == tarread.FIFO:
        os.mkfifo(base, 0o600, dir_fd=fd)
    else:
        kind = stat.S_IFCHR if entry.kind == tarread.CHAR else stat.S_IFBLK
        os.mknod(base, kind | 0o600, os.makedev(entry.major, entry.minor), dir_fd=fd)


def _describe_link(entry: Entry, folder: int, base: bytes) -> None:
    """What is said of a hard link holds for the file under all its names.

    An owner that is right already is left alone: to set it would drop capabilities.
    """
    found = os.stat(base, dir_fd=folder, follow_symlinks=False)
    owned = (found.st_uid, found.st_gid) == (entry.uid, entry.gid)
    if not owned:
        os.chown(base, entry.uid, entry.gid, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISLNK(found.st_mode) and (not owned or stat.S_IMODE(found.st_mode) != entry.mode):
        os.chmod(base, entry.mode, dir_fd=folder)


def _hard_link(source: bytes, target: bytes, source_fd: int, target_fd: int) -> None:
    os.link(source, target, src_dir_fd=source_fd, dst_dir_fd=target_fd, follow_symlinks=False)


def _set_xattrs(target: int | bytes, xattrs: dict[bytes, bytes]) -> None:
    for name, value in xattrs.items():
        if name.startswith(_OVERLAY_XATTRS):
            continue
        try:
            if isinstance(target, int):
                os.setxattr(target, name, value)
            else:
                os.setxattr(target, name, value, follow_symlinks=False)
        except OSError as error:
            if error.errno != errno.ENOTSUP:
                raise


def _bound(time_ns: int) -> int:
    """Times before 1970 or beyond what a kernel holds become 1970, as with containerd."""
    return time_ns if 0 <= time_ns <= _LATEST_NS else 0


def _no_target(entry: Entry) -> SnapshotError:
    return SnapshotError(
        f"cannot unpack {_shown(entry.name)}: "
        f"it is a hard link to {_shown(entry.link)}, which does not exist"
    )


def _shown(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")
