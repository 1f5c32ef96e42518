"""What lies in the state directory belongs to someone alive, or goes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.executor.instance import Instance, sweep
from builder.executor.runtime import Runtime


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    """A runtime that writes down what it is asked to do."""
    program = tmp_path / "runtime"
    program.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\n')
    program.chmod(0o755)
    return Runtime("runc", str(program))


def asked(tmp_path: Path) -> str:
    path = tmp_path / "asked"
    return path.read_text() if path.exists() else ""


def test_an_executor_that_is_alive_is_left_alone(tmp_path: Path, runtime: Runtime) -> None:
    living = Instance(tmp_path / "state")
    (living.runtime_state / "step-1").mkdir()
    sweep(tmp_path / "state", runtime)
    assert living.path.exists()
    assert asked(tmp_path) == ""
    living.close()
    assert not living.path.exists()


def test_the_containers_of_a_dead_one_are_deleted_by_force(
    tmp_path: Path, runtime: Runtime
) -> None:
    dead = tmp_path / "state" / "executor-1-abc"
    (dead / "runtime" / "step-1").mkdir(parents=True)
    (dead / "lock").touch()
    sweep(tmp_path / "state", runtime)
    assert asked(tmp_path) == f"--root {dead}/runtime delete --force step-1\n"
    assert not dead.exists()


def test_a_trial_is_abandoned_only_when_it_is_old(tmp_path: Path, runtime: Runtime) -> None:
    old, young = tmp_path / "trial-old", tmp_path / "trial-young"
    for path in (old, young):
        path.mkdir()
    os.utime(old, (1, 1))
    sweep(tmp_path, runtime)
    assert not old.exists()
    assert young.exists()


def test_a_bundle_goes_with_its_step(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    with instance.bundle() as first, instance.bundle() as second:
        assert first.name != second.name
        (first / "config.json").touch()
    assert not first.exists()
    instance.close()


def test_without_cgroups_each_runtime_has_its_own_option(tmp_path: Path) -> None:
    assert Runtime("crun", "/crun", cgroups=False).command(Path("/s"))[-2:] == [
        "--cgroup-manager",
        "disabled",
    ]
    assert Runtime("runc", "/runc", cgroups=False).command(Path("/s"))[-1] == "--rootless=true"
    assert Runtime("runc", "/runc").command(Path("/s")) == ["/runc", "--root", "/s"]
