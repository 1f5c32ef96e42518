"""Layers compressed and decompressed: right bytes, errors for wrong ones, little memory."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import threading
import tracemalloc
import zlib
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.oci.digest import Digest
from builder.snapshot.compression import (
    CorruptLayer,
    DiffIdMismatch,
    compressor,
    open_layer,
)
from builder.snapshot.types import SnapshotError

DATA = b"".join(hashlib.sha256(bytes([n % 256])).digest() * 3 for n in range(40_000))


def compress(kind: str, level: int | None, *chunks: bytes) -> bytes:
    out = io.BytesIO()
    squeeze = compressor(kind, level, out.write)
    try:
        for chunk in chunks:
            squeeze.write(chunk)
        squeeze.finish()
    finally:
        squeeze.close()
    return out.getvalue()


def expand(tmp_path: Path, data: bytes, diff_id: Digest | None = None) -> bytes:
    path = tmp_path / "blob"
    path.write_bytes(data)
    with open_layer(path, "type/of+layer", diff_id) as stream:
        return stream.read()


@pytest.mark.parametrize(
    ("kind", "level"),
    [("gzip", None), ("gzip", 0), ("gzip", 1), ("gzip", 9), ("zstd", None), ("uncompressed", None)],
)
def test_what_was_compressed_comes_back(tmp_path: Path, kind: str, level: int | None) -> None:
    packed = compress(kind, level, DATA[: 1 << 20], DATA[1 << 20 :])
    assert expand(tmp_path, packed, Digest.of(DATA)) == DATA
    if kind == "gzip":
        assert gzip.decompress(packed) == DATA


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=70_000), max_size=4), st.sampled_from([0, 1, 6]))
def test_any_chunks_make_one_valid_gzip_member(chunks: list[bytes], level: int) -> None:
    packed = compress("gzip", level, *chunks)
    member = zlib.decompressobj(31)
    assert member.decompress(packed) == b"".join(chunks)
    assert member.eof
    assert member.unused_data == b""


@pytest.mark.parametrize(("level", "flag"), [(None, 0), (0, 0), (1, 4), (6, 0), (9, 2)])
def test_the_gzip_header_is_go_s(level: int | None, flag: int) -> None:
    assert compress("gzip", level)[:10] == bytes((0x1F, 0x8B, 8, 0, 0, 0, 0, 0, flag, 255))


def test_level_0_stores_blocks_of_65535_and_ends_with_an_empty_one() -> None:
    data = os.urandom(65535 + 10)
    packed = compress("gzip", 0, data[:5], data[5:])
    assert packed[10:15] == b"\0\xff\xff\0\0"
    assert packed[15 + 65535 :][:5] == b"\0\x0a\0\xf5\xff"
    assert packed[-13:-8] == b"\x01\0\0\xff\xff"


def test_the_bytes_do_not_depend_on_the_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = [DATA[at : at + (1 << 20)] for at in range(0, len(DATA), 1 << 20)]
    many = compress("gzip", None, *chunks)
    monkeypatch.setattr("builder.snapshot.compression.os.cpu_count", lambda: 1)
    assert compress("gzip", None, *chunks) == many


def test_chunks_cost_next_to_nothing_in_size() -> None:
    source = "".join(f"line {n} of some text that repeats\n" for n in range(200_000)).encode()
    chunks = [source[at : at + (1 << 20)] for at in range(0, len(source), 1 << 20)]
    whole = len(gzip.compress(source, 6))
    assert len(compress("gzip", 6, *chunks)) < whole * 1.03


@pytest.mark.parametrize(("kind", "level"), [("gzip", 10), ("zstd", 99), ("lzma", None)])
def test_unknown_kinds_and_levels_are_refused(kind: str, level: int | None) -> None:
    with pytest.raises(SnapshotError):
        compress(kind, level)


def test_the_first_bytes_decide_and_not_the_label(tmp_path: Path) -> None:
    for packed in (gzip.compress(DATA), zstandard.compress(DATA), DATA):
        assert expand(tmp_path, packed) == DATA


def test_all_members_of_gzip_and_frames_of_zstd_are_read(tmp_path: Path) -> None:
    assert expand(tmp_path, gzip.compress(b"one") + gzip.compress(b"two")) == b"onetwo"
    assert expand(tmp_path, gzip.compress(b"one") + bytes(2_000_000)) == b"one"
    frames = zstandard.compress(b"one") + zstandard.compress(b"two")
    assert expand(tmp_path, frames) == b"onetwo"
    skippable = b"\x50\x2a\x4d\x18\x03\0\0\0xyz"
    assert expand(tmp_path, skippable + zstandard.compress(b"one")) == b"one"


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(DATA)[:-9],
        gzip.compress(DATA)[:-1],
        gzip.compress(DATA)[:12],
        gzip.compress(DATA)[:-8] + bytes(8),
        gzip.compress(DATA) + b"garbage",
        b"\x1f\x8b",
        zstandard.compress(DATA)[:4] + b"\xff" * 50,
    ],
    # the bytes hold the time of day: as ids they would differ between workers
    ids=["-9", "-1", "12", "checksum", "garbage", "magic", "zstd"],
)
def test_a_broken_blob_is_an_error_that_names_its_type(tmp_path: Path, packed: bytes) -> None:
    with pytest.raises(CorruptLayer, match="type/of"):
        expand(tmp_path, packed)


def test_a_zstd_frame_that_breaks_off_shows_in_the_diff_id(tmp_path: Path) -> None:
    with pytest.raises(DiffIdMismatch):
        expand(tmp_path, zstandard.compress(DATA)[:-10], Digest.of(DATA))


def test_a_wrong_diff_id_is_an_error_at_the_end(tmp_path: Path) -> None:
    with pytest.raises(DiffIdMismatch) as caught:
        expand(tmp_path, gzip.compress(b"data"), Digest.of(b"other"))
    assert caught.value.actual == Digest.of(b"data")


def test_a_stream_may_be_closed_at_any_time(tmp_path: Path) -> None:
    before = threading.active_count()
    path = tmp_path / "blob"
    path.write_bytes(gzip.compress(bytes(50 << 20)))
    for count in (0, 1, 5):
        with open_layer(path, "", Digest.of(b"")) as stream:
            for _ in range(count):
                stream.read(1000)
    assert threading.active_count() == before


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_a_bomb_is_unpacked_piece_by_piece(tmp_path: Path, pack: object) -> None:
    path = tmp_path / "blob"
    path.write_bytes(pack(bytes(150 << 20)))  # type: ignore[operator]
    tracemalloc.start()
    try:
        with open_layer(path) as stream:
            assert sum(len(piece) for piece in iter(lambda: stream.read(1 << 20), b"")) == 150 << 20
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 << 20
