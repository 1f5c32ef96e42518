"""Several processes on one root, those that were killed, and those that may not do much."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.snapshot import mounts
from builder.snapshot.drivers import choose_snapshotter, open_snapshotter
from builder.snapshot.store import StoredSnapshotter
from builder.snapshot.types import SnapshotError
from tests.fixtures.snapshots import base, changed, snapshot

pytestmark = [pytest.mark.integration, pytest.mark.root]


@pytest.fixture(params=["copy", "overlay"])
def snapshots(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoredSnapshotter]:
    with open_snapshotter(tmp_path / "state", request.param) as opened:
        assert opened.name == request.param
        yield opened
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()


def test_a_full_disk_is_an_error_with_a_hint_and_leaves_nothing(tmp_path: Path) -> None:
    mounts.mount("tmpfs", tmp_path, "tmpfs", 0, "size=1m")
    try:
        with open_snapshotter(tmp_path, "copy") as snapshots:
            id = snapshot(snapshots, None, lambda root: (root / "f").write_bytes(bytes(600_000)))
            with pytest.raises(SnapshotError, match="No space left on device") as caught:
                snapshots.prepare(id)
            assert "space" in caught.value.hint
            assert os.listdir(snapshots.root / "active") == []
            snapshots.remove(id)
    finally:
        mounts.unmount(tmp_path)


# Imports come first: the interpreter may lie where a plain user cannot read it.
PLAIN_USER = """
import os, sys
from pathlib import Path
from builder.snapshot.drivers import choose_snapshotter
os.setgroups([]); os.setgid(65534); os.setuid(65534)
opened = choose_snapshotter(Path(sys.argv[1]))
with opened.snapshotter as snapshots:
    with snapshots.prepare(None) as active:
        (active.path / "d").mkdir()
        (active.path / "d/f").write_text("")
        (active.path / "d").chmod(0o555)
        parent = active.commit()
    with snapshots.prepare(parent) as active:
        (active.path / "g").write_text("")
        id = active.commit()
    print(snapshots.name, *(change.path for change in snapshots.changes(id)))
    snapshots.remove(id)
    snapshots.remove(parent)
print(opened.why.hint)
"""


def test_a_plain_user_gets_copies_and_the_reason(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    os.chown(state, 65534, 65534)
    for path in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        path.chmod(path.stat().st_mode | 0o011)
    found = subprocess.run(
        [sys.executable, "-c", PLAIN_USER, str(state)],
        capture_output=True,
        text=True,
        cwd=Path.cwd(),
    )
    assert found.stdout.startswith("copy g\nmounting needs root"), found.stderr
    assert os.listdir(state / "copy" / "snapshots") == []


def test_a_root_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SnapshotError, match="cannot keep snapshots"):
        open_snapshotter(tmp_path / "file")


def test_an_id_is_not_given_again_when_a_crash_has_lost_its_row(
    snapshots: StoredSnapshotter,
) -> None:
    one = snapshot(snapshots, None, base)
    with sqlite3.connect(snapshots.root / "snapshots.db", isolation_level=None) as table:
        table.execute("DELETE FROM snapshots")
        table.execute("DELETE FROM sqlite_sequence")
    table.close()
    time.sleep(0.2)  # machines take longer to come back
    assert int(snapshot(snapshots, None, base)) > int(one)


def test_many_threads_may_build_at_once(snapshots: StoredSnapshotter) -> None:
    parent = snapshot(snapshots, None, base)
    made: list[str] = []
    failed: list[BaseException] = []

    def build(number: int) -> None:
        try:
            for step in range(5):
                name = f"{number}-{step}"
                id = snapshot(snapshots, parent, lambda root, n=name: (root / n).write_text(""))
                assert changed(snapshots, id) == [f"A {name}"]
                made.append(id)
        except (SnapshotError, AssertionError, OSError) as error:
            failed.append(error)

    threads = [threading.Thread(target=build, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(set(made)) == 20


PROCESS = """
import os, signal, sys
from pathlib import Path
from builder.snapshot.drivers import open_snapshotter
from builder.snapshot.mounts import enter_private_mount_namespace
mode, root, driver = sys.argv[1:]
if mode != "shared":
    enter_private_mount_namespace()
with open_snapshotter(Path(root), driver) as snapshots:
    with snapshots.prepare(None) as active:
        (active.path / "f").write_text("x")
        parent = active.commit()
    if mode == "many":
        for number in range(10):
            with snapshots.prepare(parent) as active:
                (active.path / str(number)).write_text("")
                parent = active.commit()
        print(parent)
        sys.exit()
    active = snapshots.prepare(parent)
    (active.path / "g").write_text("x")
    with snapshots.view(parent):
        os.kill(os.getpid(), signal.SIGKILL)
"""


def process(snapshots: StoredSnapshotter, mode: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS, mode, str(snapshots.root.parent), snapshots.name],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path.cwd(),
    )


@pytest.mark.parametrize("mode", ["private", "shared"])
def test_a_killed_process_leaves_committed_snapshots_and_nothing_else(
    snapshots: StoredSnapshotter, mode: str
) -> None:
    mine = snapshots.prepare(None)
    (owned,) = os.listdir(snapshots.root / "active")
    killed = process(snapshots, mode)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    if mode == "private":
        assert str(snapshots.root) not in Path("/proc/self/mounts").read_text()
    assert len(os.listdir(snapshots.root / "active")) > 1
    with open_snapshotter(snapshots.root.parent, snapshots.name) as again:
        (left,) = again.ids()
        assert changed(again, left) == ["A f"]
        assert os.listdir(snapshots.root / "active") == [owned], "a live one stays"
        assert str(snapshots.root) not in Path("/proc/self/mounts").read_text()
    mine.discard()


def test_a_tree_without_a_row_is_swept_after_a_crash(snapshots: StoredSnapshotter) -> None:
    orphan = snapshots.root / "snapshots" / "1" / "fs"
    orphan.mkdir(parents=True)
    process(snapshots, "private").communicate()
    with open_snapshotter(snapshots.root.parent, snapshots.name) as again:
        assert os.listdir(snapshots.root / "snapshots") == again.ids()


def test_processes_share_one_root(snapshots: StoredSnapshotter) -> None:
    running = [process(snapshots, "many") for _ in range(3)]
    tops = [one.communicate()[0].strip() for one in running]
    assert [one.returncode for one in running] == [0, 0, 0]
    assert len(snapshots.ids()) == 33
    for top in tops:
        with snapshots.view(top) as root:
            assert sorted(os.listdir(root)) == sorted([*map(str, range(10)), "f"])


def test_what_another_boot_left_unsynced_is_not_believed(snapshots: StoredSnapshotter) -> None:
    kept = snapshot(snapshots, None, base)
    snapshots.sync()
    lost = snapshot(snapshots, kept, lambda root: None)
    snapshot(snapshots, lost, lambda root: None)
    with sqlite3.connect(snapshots.root / "snapshots.db", isolation_level=None) as table:
        table.execute("UPDATE snapshots SET boot = 'another' WHERE boot != ''")
    table.close()
    with open_snapshotter(snapshots.root.parent, snapshots.name) as again:
        assert again.ids() == [kept]
        assert os.listdir(again.root / "snapshots") == [kept]


def test_auto_takes_overlay_where_it_works(tmp_path: Path) -> None:
    opened = choose_snapshotter(tmp_path)
    with opened.snapshotter as snapshots:
        assert (snapshots.name, opened.why) == ("overlay", None)


def test_auto_falls_back_to_copy_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise mounts.MountError("mount overlay", 1)

    monkeypatch.setattr("builder.snapshot.overlay.mount_from", refuse)
    opened = choose_snapshotter(tmp_path)
    with opened.snapshotter as snapshots:
        assert snapshots.name == "copy"
    assert "Operation not permitted" in str(opened.why)
    assert opened.why is not None
    assert "root" in opened.why.hint
    with pytest.raises(SnapshotError):
        choose_snapshotter(tmp_path, "overlay")


def test_an_unknown_driver_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="unknown snapshot driver"):
        open_snapshotter(tmp_path, "zfs")


USER_NAMESPACE = """
import os, shutil, sys
from pathlib import Path
from builder.snapshot.drivers import open_snapshotter
with open_snapshotter(Path(sys.argv[1])) as snapshots:
    print(snapshots.name)
    with snapshots.prepare(None) as active:
        (active.path / "d/e").mkdir(parents=True)
        parent = active.commit()
    with snapshots.prepare(parent) as active:
        shutil.rmtree(active.path / "d")
        (active.path / "d").mkdir()
        (active.path / "d/n").write_text("")
        id = active.commit()
    print(*(f"{change.kind.value} {change.path}" for change in snapshots.changes(id)), sep="|")
"""


def test_overlay_works_in_a_user_namespace(tmp_path: Path) -> None:
    found = subprocess.run(
        [
            *("unshare", "--user", "--map-root-user", "--mount"),
            *(sys.executable, "-c", USER_NAMESPACE, str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        cwd=Path.cwd(),
    )
    assert found.stdout == "overlay\nmodify d|delete d/e|add d/n\n", found.stderr
