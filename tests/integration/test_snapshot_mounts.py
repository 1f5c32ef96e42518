"""Mounts through libc."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from builder.snapshot import mounts
from builder.snapshot.mounts import MountError, bind, unmount

pytestmark = [pytest.mark.integration, pytest.mark.root]


def run(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True)


def test_a_bind_shows_the_source_and_can_be_read_only(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    (source / "f").write_text("x")
    bind(source, target, readonly=True)
    try:
        assert (target / "f").read_text() == "x"
        with pytest.raises(OSError, match="Read-only"):
            (target / "g").write_text("")
        (source / "g").write_text("")
    finally:
        unmount(target)
    assert list(target.iterdir()) == []


def test_a_file_can_be_bound(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    bind(tmp_path / "a", tmp_path / "b")
    try:
        assert (tmp_path / "b").read_text() == "a"
    finally:
        unmount(tmp_path / "b")


def test_what_cannot_be_bound_is_named(tmp_path: Path) -> None:
    with pytest.raises(MountError, match="No such file") as caught:
        bind(tmp_path / "none", tmp_path)
    assert str(tmp_path / "none") in str(caught.value)


def test_mounts_of_a_private_namespace_are_seen_by_nobody_else(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from builder.snapshot.mounts import *\n"
        "enter_private_mount_namespace(); bind(Path('/etc'), Path(sys.argv[1]))\n"
        "assert (Path(sys.argv[1]) / 'passwd').exists()"
    )
    assert run(code, str(tmp_path)).stderr == ""
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()


def test_the_namespace_must_be_entered_before_threads() -> None:
    code = (
        "import threading; from builder.snapshot.mounts import *\n"
        "from builder.snapshot.types import SnapshotError\n"
        "wait = threading.Event(); threading.Thread(target=wait.wait).start()\n"
        "try: enter_private_mount_namespace()\n"
        "except SnapshotError as error: print(error)\n"
        "wait.set()"
    )
    assert "before threads" in run(code).stdout


def test_a_plain_user_is_told_what_is_missing() -> None:
    code = (
        "import os; from builder.snapshot.mounts import *\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try: enter_private_mount_namespace()\n"
        "except MountError as error: print(error, error.hint, sep='|')"
    )
    out = run(code)
    assert "Operation not permitted" in out.stdout, out.stderr
    assert "user and mount namespace" in out.stdout


def test_an_unmount_waits_for_a_program_that_is_just_being_started(tmp_path: Path) -> None:
    mounts.mount("tmpfs", tmp_path, "tmpfs")
    held = os.open(tmp_path, os.O_RDONLY)
    threading.Timer(0.3, os.close, [held]).start()
    started = time.monotonic()
    mounts.unmount(tmp_path, detach=False)
    assert time.monotonic() - started >= 0.25


def test_an_unmount_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "_BUSY_SECONDS", 0.1)
    mounts.mount("tmpfs", tmp_path, "tmpfs")
    held = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(mounts.MountError, match="busy"):
            mounts.unmount(tmp_path, detach=False)
    finally:
        os.close(held)
        mounts.unmount(tmp_path)
