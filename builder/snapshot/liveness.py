"""Who is still alive: flocks, which the kernel drops with the process that held them."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Presence:
    """A locked file that shows this process to be alive, and names what belongs to it."""

    def __init__(self, directory: Path) -> None:
        while True:
            self.token = secrets.token_hex(4)
            self._path = directory / self.token
            try:
                self._fd = os.open(
                    self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600
                )
            except FileExistsError:
                continue
            fcntl.flock(self._fd, fcntl.LOCK_EX)
            if os.fstat(self._fd).st_nlink:
                return
            os.close(self._fd)  # a sweeper took it between our two calls

    def end(self) -> None:
        """The process goes on, but nothing in the directory is its own any more."""
        self._path.unlink(missing_ok=True)
        os.close(self._fd)


@contextmanager
def absent(path: Path) -> Iterator[bool]:
    """Whether nobody holds ``path``; while in the body nobody else finds the same."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = os.fstat(fd).st_nlink > 0
        except BlockingIOError:
            free = False
        yield free
    finally:
        os.close(fd)


class Hold:
    """A shared lock on a directory: as long as it is held, ``absent`` says no."""

    def __init__(self, directory: Path) -> None:
        """Raises FileNotFoundError where there is no such directory."""
        self._fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(self._fd, fcntl.LOCK_SH)

    def release(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            with suppress(OSError):
                os.close(fd)
