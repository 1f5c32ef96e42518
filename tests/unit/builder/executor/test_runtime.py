"""A runtime is chosen by running it, once."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from builder.executor import runtime
from builder.executor.types import ExecutorError


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory in the place of PATH, with the shell beside it."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.setattr("builder.executor.programs.ADMINISTRATION", ())
    return directory


def program(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


async def test_the_first_that_works_is_taken_and_remembered(tmp_path: Path, programs: Path) -> None:
    program(programs / "crun", "echo no such luck >&2; exit 1")
    program(programs / "runc", f'case "$*" in *" run "*) echo x >>{tmp_path}/runs;; esac')
    chosen = await runtime.choose(tmp_path)
    assert (chosen.name, chosen.cgroups) == ("runc", True)
    again = await runtime.choose(tmp_path)
    assert again == chosen
    assert (tmp_path / "runs").read_text() == "x\n"


async def test_another_binary_is_tried_again(tmp_path: Path, programs: Path) -> None:
    program(programs / "runc", f'case "$*" in *" run "*) echo x >>{tmp_path}/runs;; esac')
    await runtime.choose(tmp_path)
    os.utime(programs / "runc", ns=(1, 1))
    await runtime.choose(tmp_path)
    assert (tmp_path / "runs").read_text() == "x\nx\n"


async def test_another_boot_is_tried_again(tmp_path: Path, programs: Path) -> None:
    program(programs / "runc", f'case "$*" in *" run "*) echo x >>{tmp_path}/runs;; esac')
    await runtime.choose(tmp_path)
    memory = json.loads((tmp_path / "runtime.json").read_text())
    memory["key"][0] = "another boot"
    (tmp_path / "runtime.json").write_text(json.dumps(memory))
    await runtime.choose(tmp_path)
    assert (tmp_path / "runs").read_text() == "x\nx\n"


async def test_without_cgroups_is_the_last_resort(tmp_path: Path, programs: Path) -> None:
    program(programs / "runc", 'case "$*" in *rootless*) ;; *) echo read-only >&2; exit 1;; esac')
    chosen = await runtime.choose(tmp_path)
    assert chosen.label == "runc (without cgroups)"


async def test_where_none_works_the_error_has_the_words_of_each(
    tmp_path: Path, programs: Path
) -> None:
    program(programs / "crun", "echo hybrid cgroups >&2; exit 1")
    program(programs / "runc", "echo; echo operation not permitted >&2; exit 1")
    with pytest.raises(ExecutorError) as caught:
        await runtime.choose(tmp_path)
    assert "crun: hybrid cgroups" in str(caught.value)
    assert "runc (without cgroups): operation not permitted" in str(caught.value)
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("trial-*"))


async def test_a_host_without_runtimes_is_told_what_to_install(
    tmp_path: Path, programs: Path
) -> None:
    with pytest.raises(ExecutorError, match="crun or runc not found") as caught:
        await runtime.choose(tmp_path)
    assert caught.value.hint == "install runc or crun"


async def test_only_the_runtime_that_was_asked_for_is_tried(tmp_path: Path, programs: Path) -> None:
    program(programs / "crun", "exit 0")
    program(programs / "runc", "exit 0")
    assert (await runtime.choose(tmp_path, "runc")).name == "runc"
    with pytest.raises(ExecutorError, match="gvisor not found"):
        await runtime.choose(tmp_path, "gvisor")
