"""A hint to the file system: given where it is understood, harmless elsewhere."""

import fcntl
import struct
from pathlib import Path

import pytest

from builder.snapshot import placement
from builder.snapshot.placement import spread


class Flags:
    """What the kernel would answer; remembers what was set."""

    def __init__(self, found: int) -> None:
        self.found = found
        self.set: list[int] = []

    def __call__(self, _fd: int, request: int, data: bytes) -> bytes:
        if request == placement._GET_FLAGS:
            return struct.pack("q", self.found)
        assert request == placement._SET_FLAGS
        self.set.append(struct.unpack_from("i", data)[0])
        return data


def test_the_other_flags_of_the_directory_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = Flags(0x00080000)
    monkeypatch.setattr(fcntl, "ioctl", flags)
    spread(tmp_path)
    assert flags.set == [0x000A0000]


def test_a_directory_that_has_the_flag_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = Flags(0x00020000)
    monkeypatch.setattr(fcntl, "ioctl", flags)
    spread(tmp_path)
    assert not flags.set


def test_a_file_system_without_such_flags_is_no_error() -> None:
    spread(Path("/proc/self"))


def test_a_directory_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    spread(tmp_path / "missing")
