"""The root file system itself as output, in a tar."""

from __future__ import annotations

import contextlib
import os
import stat
import tarfile
from pathlib import Path
from typing import BinaryIO

from builder.exporters.treewalk import Entry, walk

_CAPABILITY = "security.capability"
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
