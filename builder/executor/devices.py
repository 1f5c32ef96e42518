"""The devices of an insecure step: the ones that BuildKit gives it, whatever this host has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

BLOCK = Path("/sys/block")
_CHARACTER = {
    "kmsg": (1, 11),
    "cuse": (10, 203),
    "fuse": (10, 229),
    "kvm": (10, 232),
    "net/tun": (10, 200),
    "loop-control": (10, 237),
}
"""Numbers by name (the kernel's devices.txt)."""
_LOOP = 7
_SPARE_LOOPS = 8


def insecure_devices(block: Path = BLOCK) -> list[dict[str, Any]]:
    """Entries of runtime-spec's ``linux.devices``; ``block`` tells which loops are in use.

    Loop devices go up to some that are free, so that a step can mount a file system's image.
    """
    loops = {f"loop{number}": (_LOOP, number) for number in range(_free(block) + _SPARE_LOOPS)}
    return [
        {
            "path": f"/dev/{name}",
            "type": kind,
            "major": major,
            "minor": minor,
            "fileMode": 0o666,
            "uid": 0,
            "gid": 0,
        }
        for kind, devices in (("c", _CHARACTER), ("b", loops))
        for name, (major, minor) in devices.items()
    ]


def _free(block: Path) -> int:
    """The lowest loop device that no file is behind."""
    used = {
        int(match[1])
        for path in block.glob("loop*/loop/backing_file")
        if (match := re.fullmatch(r"loop(\d+)", path.parent.parent.name))
    }
    return next(number for number in range(len(used) + 1) if number not in used)
