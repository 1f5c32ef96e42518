"""A root file system in the order of a layer tar, with hard links recognised."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """One inode below the root. ``path`` is relative; ``link`` is the first path of the
    same inode, empty for the first itself."""

    path: str
    source: Path
    info: os.stat_result
    link: str = ""


def walk(root: Path) -> Iterator[Entry]:
    """Every entry below ``root``, parents before children, names in byte order. Blocks."""
    seen: dict[tuple[int, int], str] = {}
    yield from _below(root, "", seen)


def _below(directory: Path, prefix: str, seen: dict[tuple[int, int], str]) -> Iterator[Entry]:
    for name in sorted(os.listdir(directory), key=os.fsencode):  # noqa: PTH208 - names only
        source, path = directory / name, prefix + name
        info = source.lstat()
        link = ""
        if info.st_nlink > 1 and not stat.S_ISDIR(info.st_mode):
            link = seen.setdefault((info.st_dev, info.st_ino), path)
        yield Entry(path, source, info, "" if link == path else link)
        if stat.S_ISDIR(info.st_mode):
            yield from _below(source, path + "/", seen)
