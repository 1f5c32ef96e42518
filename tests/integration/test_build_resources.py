"""Limits of RUN steps: they hold, and are no part of what is cached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import Builds, serve_base

pytestmark = [pytest.mark.integration, pytest.mark.root]

SHOW = (
    "FROM BASE\nRUN cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes "
    "2>/dev/null; ulimit -n; df -k /dev/shm | tail -1; cat /etc/hosts; true\n"
)


@pytest.fixture
def builds(tmp_path: Path) -> Iterator[Builds]:
    server, base = serve_base(tmp_path)
    with server:
        yield Builds(tmp_path, base)


def test_limits_reach_the_step(builds: Builds) -> None:
    limits = ("--resource", "memory=128m,cpu-shares=512", "--ulimit", "nofile=77:99")
    others = ("--shm-size", "8m", "--add-host", "db.example:10.0.0.7")
    context = builds.context(SHOW)
    first = builds.run(*limits, *others, context)
    assert first.code == 0, first.text
    lines = [line.split(" ", 2)[-1] for line in first.stderr.splitlines()]
    assert str(128 << 20) in lines
    assert "77" in lines
    assert any(line.split()[1:2] == ["8192"] for line in lines)
    assert "10.0.0.7\tdb.example" in lines
    again = builds.run("--resource", "memory=256m", *limits[2:], *others, context)
    assert set(again.steps().values()) <= {"CACHED", "DONE"}
    assert [end for name, end in again.steps().items() if "RUN" in name] == ["CACHED"]


def test_a_step_that_takes_more_memory_is_killed(builds: Builds) -> None:
    context = builds.context("FROM BASE\nRUN tail -c 200m /dev/zero >/dev/null\n")
    ended = builds.run("--resource", "memory=32m,memory-swap=32m", context)
    assert ended.code == 1
    assert "exit code: 137" in ended.stderr
