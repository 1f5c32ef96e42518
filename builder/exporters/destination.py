"""Where an archive goes: a file that appears only when it is whole, or standard output."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from builder.exporters.errors import ExportError, unwritable


@contextlib.contextmanager
def archive_file(dest: Path) -> Iterator[BinaryIO]:
    """A file beside ``dest`` that takes its name on success and vanishes on failure.

    Raises ExportError where the place cannot be written.
    """
    if dest.is_dir():
        raise ExportError(f"destination {dest} is a directory", hint="give the name of a file")
    if dest.exists() and not dest.is_file():  # /dev/stdout, a fifo
        with _explained(dest), dest.open("wb") as file:
            yield file
        return
    target = dest.resolve()
    partial = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    with _explained(dest):
        descriptor, named = _begin(partial)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
                yield file
                file.flush()
                os.fsync(descriptor)
                if not named:
                    _name(descriptor, partial)
            partial.replace(target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


def _begin(partial: Path) -> tuple[int, bool]:
    """A file for writing, and whether it has its name already: one without vanishes with
    this process, but not every file system has such."""
    flags = os.O_WRONLY | os.O_CLOEXEC
    try:
        return os.open(partial.parent, flags | os.O_TMPFILE, 0o666), False
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
            raise
    return os.open(partial, flags | os.O_CREAT | os.O_EXCL, 0o666), True


def _name(descriptor: int, path: Path) -> None:
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # with a descriptor of the place, Python has the kernel follow the link to the file
        os.link(f"/proc/self/fd/{descriptor}", path.name, dst_dir_fd=directory)
    finally:
        os.close(directory)


@contextlib.contextmanager
def _explained(dest: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(dest, error) from error
