"""A root file system in the order of a layer tar, with hard links recognised."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct


class Entry(Struct, frozen=True):
    """One inode below the root. ``path`` is relative; ``link`` is the first path of the
    same inode, empty for the first itself."""

    path: str
    source: Path
    info: os.stat_result
    link: str = ""


def walk(root: Path) -> Iterator[Entry]:
    """Every entry below ``root``, parents before children, names in byte order. Blocks."""
    seen: dict[tuple[int, int], str] = {}
    waiting = _children(root, "")
    while waiting:
        source, path = waiting.pop()
        info = source.lstat()
        if stat.S_ISDIR(info.st_mode):
            yield Entry(path, source, info)
            waiting += _children(source, path + "/")
            continue
        first = path
        if info.st_nlink > 1:
            first = seen.setdefault((info.st_dev, info.st_ino), path)
        yield Entry(path, source, info, "" if first == path else first)


def sorted_names(directory: Path) -> list[str]:
    """The names in ``directory`` in byte order."""
    return sorted(os.listdir(directory), key=os.fsencode)  # noqa: PTH208 - names only


def _children(directory: Path, prefix: str) -> list[tuple[Path, str]]:
    """Last first, for a stack."""
    return [(directory / name, prefix + name) for name in reversed(sorted_names(directory))]
