"""Paths inside a root directory that is not ours: links are followed, but never out of it.

The semantics are those of a process that has done ``chroot(root)``: an absolute link starts
at the root again, ``..`` stops there. Nothing may change the tree meanwhile; that holds
before and after a step, when no process of the build runs in it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from builder.executor.types import ExecutorError

_MAX_LINKS = 255


def resolve(root: Path, path: str) -> Path:
    """``path`` of the inside as a host path below ``root``; missing parts stay as they are.

    Raises ExecutorError for a loop of links.
    """
    todo = [part for part in path.split("/") if part not in ("", ".")][::-1]
    done: list[str] = []
    links = 0
    while todo:
        part = todo.pop()
        if part == "..":
            if done:
                done.pop()
            continue
        try:
            target = str(root.joinpath(*done, part).readlink())
        except OSError:
            done.append(part)
            continue
        links += 1
        if links > _MAX_LINKS:
            raise ExecutorError(f"{path}: too many links in the image")
        if target.startswith("/"):
            done.clear()
        todo.extend(piece for piece in reversed(target.split("/")) if piece not in ("", "."))
    return root.joinpath(*done)


def inside(root: Path, host_path: Path) -> str:
    """The absolute path that a process in ``root`` uses for ``host_path``."""
    return "/" + host_path.relative_to(root).as_posix() if host_path != root else "/"


def read_regular(root: Path, path: str, limit: int = 16 * 1024 * 1024) -> bytes | None:
    """The content of a regular file of the inside; None where there is none.

    A fifo or device planted in an image is not opened for reading.
    """
    try:
        fd = os.open(
            resolve(root, path), os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        )
    except OSError:
        return None
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        return file.read(limit)
