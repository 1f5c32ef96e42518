"""no-space-left-on-device."""

from __future__ import annotations

from dataclasses import replace

import pytest

from regdoctor.observations.machine import Disk
from tests.fixtures.scenes import found
from tests.fixtures.scenes.machine import ROOMY, ann, machine_seen

CODE = "no-space-left-on-device"


@pytest.mark.parametrize(
    ("disk", "severity", "what"),
    [
        (replace(ROOMY, free=0), "error", "0 MiB"),
        (replace(ROOMY, free=200 << 20), "warning", "200 MiB"),
        (replace(ROOMY, inodes_free=3), "error", "3 inodes"),
        (replace(ROOMY, inodes_free=5_000), "warning", "5000 inodes"),
    ],
)
def test_fires_where_blocks_or_inodes_are_used_up(disk: Disk, severity: str, what: str) -> None:
    finding = found(machine_seen(ann(disk)))[CODE]
    assert (finding.severity, finding.breaks) == (severity, ("docker",))
    assert what in finding.title
    assert {fix.client for fix in finding.fixes} == {"docker", "host"}


@pytest.mark.parametrize(
    "disk",
    [
        ROOMY,
        replace(ROOMY, free=1 << 30),
        replace(ROOMY, inodes=0, inodes_free=0),  # btrfs counts none
        replace(ROOMY, free=0, read_only=True),  # nothing is written there
        replace(ROOMY, free=0, size=0),  # no file system of blocks
    ],
)
def test_quiet_where_there_is_room(disk: Disk) -> None:
    assert found(machine_seen(ann(disk))) == {}


def test_quiet_where_only_others_keep_images_there() -> None:
    assert found(machine_seen(ann(replace(ROOMY, free=0)), asked=("regdoctor",))) == {}
