"""Files of another root file system, found and read as a process with that root would."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_MOST_LINKS = 40


def inside(root: Path, name: str) -> Path:
    """``name`` below ``root``, every link of it resolved inside. Raises OSError (ELOOP).

    It need not exist, and nothing in it is a link any more, so that opening it never leaves
    ``root``. For ``/`` itself the kernel does the same.
    """
    if root == Path("/"):
        return root / name
    left = [part for part in reversed(name.split("/")) if part not in ("", ".")]
    within: list[str] = []
    links = 0
    while left:
        part = left.pop()
        if part == "..":
            del within[-1:]
            continue
        try:
            target = str(root.joinpath(*within, part).readlink())
        except OSError:
            within.append(part)
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
        if target.startswith("/"):
            within.clear()
        left.extend(each for each in reversed(target.split("/")) if each not in ("", "."))
    return root.joinpath(*within)


def read_regular(root: Path, name: str, limit: int) -> bytes:
    """At most ``limit`` bytes of a regular file. Raises OSError.

    A pipe or a device in its place is not opened for reading: it would hold, or be changed.
    """
    descriptor = os.open(inside(root, name), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        kind = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(kind):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
        if not stat.S_ISREG(kind):
            raise OSError(errno.EINVAL, "not a regular file", name)
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(limit)
    finally:
        os.close(descriptor)
