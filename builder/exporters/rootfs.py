"""The root file system itself as output: a tar, or a directory of the client."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
import tarfile
from pathlib import Path
from typing import BinaryIO

from builder.exporters.errors import ExportError, unwritable
from builder.exporters.treewalk import Entry, walk

_CAPABILITY = "security.capability"
_MODE = 0o7777
_KINDS = {
    stat.S_IFREG: tarfile.REGTYPE,
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
}


def write_tar(file: BinaryIO, trees: list[tuple[str, Path]], epoch: int | None = None) -> None:
    """The trees, each below its prefix (``""``, ``linux_amd64/``), streamed. Blocks.

    Owners are numbers only. ``epoch`` (seconds) bounds the times. Sockets are left out.
    """
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for prefix, root in trees:
            if prefix:
                _add_root(tar, prefix, root, epoch)
            for entry in walk(root):
                _add(tar, prefix, entry, epoch)


def _add_root(tar: tarfile.TarFile, prefix: str, root: Path, epoch: int | None) -> None:
    _add(tar, "", Entry(prefix.rstrip("/"), root, root.stat()), epoch)


def _add(tar: tarfile.TarFile, prefix: str, entry: Entry, epoch: int | None) -> None:
    kind = _KINDS.get(stat.S_IFMT(entry.info.st_mode))
    if kind is None:
        return
    header = tarfile.TarInfo(prefix + entry.path)
    header.type = kind
    header.mode = stat.S_IMODE(entry.info.st_mode)
    header.uid, header.gid = entry.info.st_uid, entry.info.st_gid
    seconds = entry.info.st_mtime_ns // 10**9
    header.mtime = min(seconds, epoch) if epoch is not None else seconds
    if entry.link:
        header.type, header.linkname = tarfile.LNKTYPE, prefix + entry.link
    elif kind == tarfile.SYMTYPE:
        header.linkname = str(entry.source.readlink())
    elif kind in (tarfile.CHRTYPE, tarfile.BLKTYPE):
        header.devmajor = os.major(entry.info.st_rdev)
        header.devminor = os.minor(entry.info.st_rdev)
    if header.type != tarfile.REGTYPE:
        tar.addfile(header)
        return
    header.size = entry.info.st_size
    with contextlib.suppress(OSError):
        value = os.getxattr(entry.source, _CAPABILITY, follow_symlinks=False)
        header.pax_headers = {f"SCHILY.xattr.{_CAPABILITY}": os.fsdecode(value)}
    with entry.source.open("rb") as content:
        tar.addfile(header, content)


def copy_tree(root: Path, dest: Path, epoch: int | None = None) -> None:
    """Copy the tree into ``dest``, which may have files already; equal names are replaced.

    Modes, times, links and hard links are kept, owners are ours. Every directory is opened
    without following links, so that a link in ``dest`` leads nowhere. Blocks. Raises
    ExportError.
    """
    try:
        dest.mkdir(parents=True, exist_ok=True)
        base = os.open(dest, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _Copy(base, dest, epoch).directory(base, root, "")
        finally:
            os.close(base)
    except OSError as error:
        raise unwritable(error.filename or dest, error) from error


class _Copy:
    """One copy under way: ``base`` is the destination, hard links are relative to it."""

    def __init__(self, base: int, dest: Path, epoch: int | None) -> None:
        self._base = base
        self._dest = dest
        self._epoch = epoch
        self._seen: dict[tuple[int, int], str] = {}

    def directory(self, target: int, source: Path, prefix: str) -> None:
        for name in sorted(os.listdir(source), key=os.fsencode):  # noqa: PTH208 - names only
            info = (source / name).lstat()
            if stat.S_ISDIR(info.st_mode):
                child = self._enter(target, name, prefix + name)
                try:
                    self.directory(child, source / name, prefix + name + "/")
                    os.fchmod(child, info.st_mode & _MODE)
                    os.utime(child, ns=self._times(info))
                finally:
                    os.close(child)
            else:
                self._leaf(target, source / name, name, prefix + name, info)

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
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        child = os.open(name, flags, dir_fd=parent)
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
            shutil.copyfileobj(content, copy, 1 << 20)
            copy.flush()
            os.fchmod(descriptor, info.st_mode & _MODE)

    def _rename(self, parent: int, partial: str, name: str) -> None:
        try:
            os.rename(partial, name, src_dir_fd=parent, dst_dir_fd=parent)
        except IsADirectoryError:
            _remove_tree(parent, name)
            os.rename(partial, name, src_dir_fd=parent, dst_dir_fd=parent)

    def _times(self, info: os.stat_result) -> tuple[int, int]:
        moment = info.st_mtime_ns
        if self._epoch is not None:
            moment = min(moment, self._epoch * 10**9)
        return moment, moment


def _remove_tree(parent: int, name: str) -> None:
    """``shutil.rmtree`` below a descriptor; it follows no links."""
    shutil.rmtree(name, dir_fd=parent)
