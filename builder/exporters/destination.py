"""Where an archive goes: a file that appears only when it is whole, or standard output."""

from __future__ import annotations

import contextlib
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
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
                yield file
                file.flush()
                os.fsync(descriptor)
            partial.replace(target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def _explained(dest: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(dest, error) from error
