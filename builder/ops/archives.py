"""Local archives that ADD unpacks, told by their content, never by their name."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from builder.errors import BuilderError
from builder.ops.errors import OpError
from builder.ops.treecopy import CopyOptions, make_directories
from builder.snapshot import paths
from builder.snapshot.compression import open_layer
from builder.snapshot.tarread import TarReader
from builder.snapshot.unpack import apply_archive

_GZIP = b"\x1f\x8b"
_BZIP2 = b"BZh"
_XZ = b"\xfd7zXZ\0"


def unpack_archive(source: str, target_root: str, target: str, options: CopyOptions) -> bool:
    """Unpack the file ``source`` into the directory ``target`` of a tree, if it is a tar.

    The tar may be compressed with gzip, bzip2, xz or zstd. Returns False for anything else,
    which is then copied. Raises OpError, SnapshotError.
    """
    if not _is_archive(source):
        return False
    directory = paths.root_path(target_root, os.path.normpath(target))
    try:
        make_directories(directory, 0o755, options.owner, options.time_ns)
    except NotADirectoryError as error:
        raise OpError(f"mkdir {target}: not a directory") from error
    owner = options.owner
    with _decompressed(source) as stream:
        numbers = (owner.uid, owner.gid) if owner is not None else None
        try:
            apply_archive(stream, Path(directory), numbers)
        except (EOFError, lzma.LZMAError) as error:
            raise OpError(f"cannot decompress {os.path.basename(source)}: {error}") from error
    return True


def newest_file(source: str) -> int | None:
    """The time of the newest regular file in an archive, in seconds; None where it has none.

    Raises OpError.
    """
    try:
        with _decompressed(source) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            times = [int(member.mtime) for member in tar if member.isfile()]
    except (OSError, EOFError, ValueError, tarfile.TarError, lzma.LZMAError, zlib.error) as error:
        raise OpError(f"cannot read {os.path.basename(source)}: {error}") from error
    return max(times, default=None)


class _Beginning:
    """Gives what is at hand: what is broken further on does not show yet."""

    def __init__(self, stream: object) -> None:
        self._stream = cast("io.BufferedReader", stream)

    def read(self, size: int) -> bytes:
        return self._stream.read1(min(size, 512))


def _is_archive(path: str) -> bool:
    """Whether it begins as one. A damaged archive is one too, and will fail as such."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return False
        with open(path, "rb") as file:
            gzipped = file.read(2) == _GZIP
        with gzip.open(path) if gzipped else _decompressed(path) as stream:
            known = hasattr(stream, "read1")
            reader = TarReader(cast("BinaryIO", _Beginning(stream) if known else stream))
            return next(iter(reader), None) is not None
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error, BuilderError):
        return False


def _decompressed(path: str) -> BinaryIO:
    with open(path, "rb") as file:
        magic = file.read(len(_XZ))
    if magic.startswith(_BZIP2):
        return cast("BinaryIO", bz2.open(path))
    if magic == _XZ:
        return cast("BinaryIO", lzma.open(path))
    return cast("BinaryIO", open_layer(Path(path)))
