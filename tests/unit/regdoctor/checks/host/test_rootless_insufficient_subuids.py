"""rootless-insufficient-subuids."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fixtures.scenes import found
from tests.fixtures.scenes.machine import SUBIDS, ann, machine_seen

CODE = "rootless-insufficient-subuids"
NOBODYS = {"/etc/subuid": b"bob:100000:65536\n", "/etc/subgid": b"bob:100000:65536\n"}


def test_fires_for_a_user_without_a_range() -> None:
    finding = found(machine_seen(files=NOBODYS))[CODE]
    assert (finding.severity, finding.confidence) == ("error", "certain")
    assert "ann has no subordinate ids" in finding.title
    assert "ann" in finding.fixes[0].commands[0].split()


def test_fires_with_a_warning_for_a_range_that_is_small() -> None:
    files = {**SUBIDS, "/etc/subgid": b"1000:100000:1000\n"}
    finding = found(machine_seen(files=files))[CODE]
    assert (finding.severity, finding.confidence) == ("warning", "likely")
    assert "1000 subordinate ids" in finding.title


@pytest.mark.parametrize(
    "files",
    [
        SUBIDS,
        dict.fromkeys(SUBIDS, b"1000:100000:65536\n"),
        dict.fromkeys(SUBIDS, b"ann:1:30000\nann:90000:40000\n# x\n"),
        {**NOBODYS, "/etc/nsswitch.conf": b"passwd: files sss\nsubid: sss\n"},
    ],
)
def test_quiet_where_the_user_has_ids(files: dict[str, bytes]) -> None:
    assert found(machine_seen(files=files)) == {}


def test_quiet_for_root_without_podman_and_where_nobody_asked() -> None:
    assert found(machine_seen(ann(uid=0), files=NOBODYS)) == {}
    assert found(machine_seen(replace(ann(), programs=("docker",)), files=NOBODYS)) == {}
    assert found(machine_seen(files=NOBODYS, asked=("docker",))) == {}
