"""Bytes arrive whole, whatever size was expected."""

import os
from pathlib import Path

import pytest

from builder.snapshot.bytecopy import copy_bytes

SIZES = (0, 1, 5000, (1 << 17) + 1, (1 << 20) + 3)


def _copied(source: Path, target: Path, size: int) -> bytes:
    reader = os.open(source, os.O_RDONLY)
    writer = os.open(target, os.O_WRONLY | os.O_CREAT)
    try:
        copy_bytes(reader, writer, size)
    finally:
        os.close(reader)
        os.close(writer)
    return target.read_bytes()


@pytest.mark.parametrize("real", SIZES)
@pytest.mark.parametrize("expected", [*SIZES, 4999, 5001])
def test_a_wrong_guess_of_the_size_loses_nothing(tmp_path: Path, real: int, expected: int) -> None:
    data = os.urandom(real)
    (tmp_path / "source").write_bytes(data)
    assert _copied(tmp_path / "source", tmp_path / "target", expected) == data


def test_a_file_that_claims_to_be_empty_is_read_to_its_end(tmp_path: Path) -> None:
    source = Path("/proc/self/maps")
    assert source.stat().st_size == 0
    assert _copied(source, tmp_path / "target", 0).count(b"\n") > 10
