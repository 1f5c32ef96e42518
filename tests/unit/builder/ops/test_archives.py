"""Archives that ADD unpacks: what counts as one, and what a damaged one does."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from builder.errors import BuilderError
from builder.ops.archives import unpack_archive
from builder.ops.treecopy import CopyOptions

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "tar": lambda data: data,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


def tar(size: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("f")
        info.size = size
        archive.addfile(info, io.BytesIO(os.urandom(size)))
    return out.getvalue()


def unpack(tmp_path: Path, data: bytes) -> bool:
    (tmp_path / "archive").write_bytes(data)
    (tmp_path / "tree").mkdir()
    return unpack_archive(str(tmp_path / "archive"), str(tmp_path / "tree"), "/x", CopyOptions())


@pytest.mark.parametrize("kind", COMPRESS)
def test_every_kind_is_unpacked(tmp_path: Path, kind: str) -> None:
    assert unpack(tmp_path, COMPRESS[kind](tar(1_500_000)))
    assert (tmp_path / "tree/x/f").stat().st_size == 1_500_000


@pytest.mark.parametrize("size", [100_000, 3_000_000])
@pytest.mark.parametrize("kind", ["tar", "gzip", "xz"])
def test_an_archive_that_breaks_off_fails(tmp_path: Path, kind: str, size: int) -> None:
    data = COMPRESS[kind](tar(size))
    with pytest.raises(BuilderError):
        unpack(tmp_path, data[: len(data) // 2])


@pytest.mark.parametrize("kind", ["gzip", "xz"])
def test_an_archive_that_is_damaged_fails(tmp_path: Path, kind: str) -> None:
    data = bytearray(COMPRESS[kind](tar(100_000)))
    data[60_000:60_100] = bytes(100)
    with pytest.raises(BuilderError):
        unpack(tmp_path, bytes(data))


@pytest.mark.parametrize("kind", COMPRESS)
def test_what_is_no_archive_is_left_to_be_copied(tmp_path: Path, kind: str) -> None:
    assert not unpack(tmp_path, COMPRESS[kind](b"no archive" * 1000))
