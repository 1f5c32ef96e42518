"""The bytes of a file, from one place to another."""

from __future__ import annotations

import errno
import os

_CHUNK = 1 << 20
_SMALL = 1 << 17
"""Up to here one read and one write take less than asking the kernel to copy."""


def copy_file(source: str, target: str, size: int) -> None:
    """The bytes of the regular file ``source`` as a new file ``target`` (mode 0600).

    No link is followed at either end. ``size`` as in ``copy_bytes``. Raises OSError.
    """
    reader = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            copy_bytes(reader, writer, size)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def copy_bytes(reader: int, writer: int, size: int) -> None:
    """All that ``reader`` gives, without passing through this process where that is quicker.

    ``size`` is what it is thought to hold: a guess that only costs time where it is wrong.
    """
    if size > _SMALL:
        _copy_in_kernel(reader, writer)
    wanted = min(size + 1, _CHUNK)
    while data := os.read(reader, wanted):
        view = memoryview(data)
        while view:
            view = view[os.write(writer, view) :]
        if len(data) == size < wanted:
            return  # there was room for one byte more, and none came
        wanted, size = _CHUNK, -1


def _copy_in_kernel(reader: int, writer: int) -> None:
    """As far as the kernel does it; the caller reads on from where this stopped."""
    try:
        while os.copy_file_range(reader, writer, 1 << 30):
            pass
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
