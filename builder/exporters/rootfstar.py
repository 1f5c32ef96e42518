"""The root file system itself as output, in a tar."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import BinaryIO

from builder.exporters.tarstream import TarStream
from builder.exporters.treewalk import Entry, walk
from builder.snapshot import tarwrite

_CAPABILITY = "security.capability"
_KINDS = {
    stat.S_IFREG: b"0",
    stat.S_IFLNK: b"2",
    stat.S_IFCHR: b"3",
    stat.S_IFBLK: b"4",
    stat.S_IFDIR: b"5",
    stat.S_IFIFO: b"6",
}
_LINK = b"1"


def write_tar(file: BinaryIO, trees: list[tuple[str, Path]], epoch: int | None = None) -> None:
    """The trees, each below its prefix (``""``, ``linux_amd64/``), streamed. Blocks.

    Owners are numbers only. ``epoch`` (seconds) bounds the times. Sockets are left out.
    """
    tar = TarStream(file)
    for prefix, root in trees:
        if prefix:
            _add(tar, "", Entry(prefix.rstrip("/"), root, root.stat()), epoch)
        for entry in walk(root):
            _add(tar, prefix, entry, epoch)
    tar.end()


def _add(tar: TarStream, prefix: str, entry: Entry, epoch: int | None) -> None:
    info = entry.info
    kind = _KINDS.get(stat.S_IFMT(info.st_mode))
    if kind is None:
        return
    link = b""
    if entry.link:
        kind, link = _LINK, os.fsencode(prefix + entry.link)
    elif kind == b"2":
        link = os.fsencode(entry.source.readlink())
    device = kind in (b"3", b"4")
    regular = kind == b"0"
    seconds = info.st_mtime_ns // 10**9
    header = tarwrite.entry(
        os.fsencode(prefix + entry.path) + (b"/" if kind == b"5" else b""),
        kind,
        link=link,
        mode=stat.S_IMODE(info.st_mode),
        uid=info.st_uid,
        gid=info.st_gid,
        size=info.st_size if regular else 0,
        mtime=min(seconds, epoch) if epoch is not None else seconds,
        major=os.major(info.st_rdev) if device else 0,
        minor=os.minor(info.st_rdev) if device else 0,
        xattrs=_capability(entry.source) if regular else None,
    )
    if not regular:
        tar.header(header)
        return
    with entry.source.open("rb") as content:
        tar.content(header, content, info.st_size)


def _capability(source: Path) -> dict[bytes, bytes] | None:
    """The only xattr that travels with a root file system."""
    with contextlib.suppress(OSError):
        value = os.getxattr(source, _CAPABILITY, follow_symlinks=False)
        return {_CAPABILITY.encode(): value}
    return None
