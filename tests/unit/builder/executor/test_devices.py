"""The devices of an insecure step."""

from __future__ import annotations

from pathlib import Path

from builder.executor.devices import insecure_devices


def test_there_are_loop_devices_beyond_those_in_use(tmp_path: Path) -> None:
    for number in (0, 1, 3):
        (tmp_path / f"loop{number}" / "loop").mkdir(parents=True)
        (tmp_path / f"loop{number}" / "loop" / "backing_file").write_text("/image\n")
    (tmp_path / "loop2").mkdir()
    loops = [each["path"] for each in insecure_devices(tmp_path) if each["type"] == "b"]
    assert loops == [f"/dev/loop{number}" for number in range(10)]


def test_they_are_open_to_every_user_and_none_is_a_disk(tmp_path: Path) -> None:
    devices = {each["path"]: each for each in insecure_devices(tmp_path)}
    assert len(devices) == 6 + 8
    assert {each["fileMode"] for each in devices.values()} == {0o666}
    assert {each["major"] for each in devices.values() if each["type"] == "b"} == {7}
    assert (devices["/dev/fuse"]["major"], devices["/dev/fuse"]["minor"]) == (10, 229)
