"""Both drivers, through one set of tests: what a snapshot keeps, and what it says changed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder.snapshot import mounts
from builder.snapshot.drivers import choose_snapshotter, open_snapshotter
from builder.snapshot.overlay import OverlaySnapshotter
from builder.snapshot.store import StoredSnapshotter
from builder.snapshot.types import SnapshotError

pytestmark = [pytest.mark.integration, pytest.mark.root]

T = 1_700_000_000
CAPABILITY = b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0"


@pytest.fixture(params=["copy", "overlay"])
def snapshots(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoredSnapshotter]:
    with open_snapshotter(tmp_path / "state", request.param) as opened:
        assert opened.name == request.param
        yield opened
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()


def snapshot(
    snapshots: StoredSnapshotter, parent: str | None, change: Callable[[Path], object]
) -> str:
    with snapshots.prepare(parent) as active:
        change(active.path)
        return active.commit()


def base(root: Path) -> None:
    for name in ("etc", "gone/deep", "kept/sub"):
        (root / name).mkdir(parents=True)
    for name in ("etc/passwd", "etc/group", "gone/deep/f", "kept/sub/f", "top"):
        (root / name).write_text(name)
    os.link(root / "top", root / "twin")
    (root / "link").symlink_to("top")
    for path in [*root.rglob("*"), root]:
        os.utime(path, ns=(T * 10**9 + 5, T * 10**9 + 5), follow_symlinks=False)


def changed(snapshots: StoredSnapshotter, id: str) -> list[str]:
    signs = {"add": "A", "modify": "M", "delete": "D"}
    out = []
    for change in snapshots.changes(id):
        assert (change.source is None) == (change.kind.value == "delete")
        out.append(f"{signs[change.kind.value]} {change.path}")
    return out


def after(snapshots: StoredSnapshotter, change: Callable[[Path], object]) -> list[str]:
    return changed(snapshots, snapshot(snapshots, snapshot(snapshots, None, base), change))


def test_a_first_snapshot_adds_all_it_has_parents_first(snapshots: StoredSnapshotter) -> None:
    id = snapshot(snapshots, None, base)
    assert snapshots.exists(id)
    assert snapshots.parent(id) is None
    assert changed(snapshots, id) == [
        *("A etc", "A etc/group", "A etc/passwd", "A gone", "A gone/deep", "A gone/deep/f"),
        *("A kept", "A kept/sub", "A kept/sub/f", "A link", "A top", "A twin"),
    ]


def test_names_are_in_byte_order_below_each_directory(snapshots: StoredSnapshotter) -> None:
    def change(root: Path) -> None:
        for name in ("a", "B", "é"):
            (root / name).mkdir()
        for name in ("a.b", "a/x", "a-b", "é/y", "Z"):
            (root / name).write_text("")

    found = changed(snapshots, snapshot(snapshots, None, change))
    assert found == [f"A {path}" for path in ("B", "Z", "a", "a/x", "a-b", "a.b", "é", "é/y")]


def test_nothing_changed_is_no_change(snapshots: StoredSnapshotter) -> None:
    assert after(snapshots, lambda root: None) == []


def test_a_changed_file_comes_with_its_parents_once(snapshots: StoredSnapshotter) -> None:
    def change(root: Path) -> None:
        (root / "kept/sub/f").write_text("other")
        (root / "kept/sub/g").write_text("new")

    assert after(snapshots, change) == ["M kept", "M kept/sub", "M kept/sub/f", "A kept/sub/g"]


def test_metadata_alone_is_a_change(snapshots: StoredSnapshotter) -> None:
    def change(root: Path) -> None:
        (root / "etc/group").chmod(0o600)
        os.chown(root / "etc/passwd", 5, 6)
        os.chown(root / "kept", 1, 1)
        os.setxattr(root / "kept/sub/f", "security.capability", CAPABILITY)

    assert after(snapshots, change) == [
        *("M etc", "M etc/group", "M etc/passwd"),
        *("M kept", "M kept/sub", "M kept/sub/f"),
    ]


def test_a_file_touched_without_a_difference_is_skipped(snapshots: StoredSnapshotter) -> None:
    def change(root: Path) -> None:
        (root / "etc/group").chmod(0o600)
        (root / "etc/group").chmod(0o644)
        (root / "etc/x").write_text("")
        (root / "etc/x").unlink()

    assert after(snapshots, change) == []


def test_contents_decide_where_times_have_no_nanoseconds(snapshots: StoredSnapshotter) -> None:
    def write(text: str) -> Callable[[Path], None]:
        def change(root: Path) -> None:
            for name in ("same", "other"):
                (root / name).write_text("12345" if name == "same" else text)
                os.utime(root / name, (T, T))

        return change

    below = snapshot(snapshots, None, write("12345"))
    assert changed(snapshots, snapshot(snapshots, below, write("54321"))) == ["M other"]


def test_deletes_stand_where_the_paths_stood(snapshots: StoredSnapshotter) -> None:
    def change(root: Path) -> None:
        (root / "etc/group").unlink()
        shutil.rmtree(root / "gone")
        (root / "link").unlink()

    assert after(snapshots, change) == ["M etc", "D etc/group", "D gone", "D link"]


def test_what_came_and_went_was_never_there(snapshots: StoredSnapshotter) -> None:
    def change(root: Path) -> None:
        (root / "brief").write_text("")
        (root / "brief").unlink()

    assert after(snapshots, change) == []


def test_a_directory_made_anew_deletes_what_it_held(snapshots: StoredSnapshotter) -> None:
    def change(root: Path) -> None:
        shutil.rmtree(root / "kept")
        (root / "kept").mkdir()
        (root / "kept/new").write_text("")

    assert after(snapshots, change) == ["M kept", "A kept/new", "D kept/sub"]


def test_a_directory_made_anew_and_empty_deletes_what_it_held(
    snapshots: StoredSnapshotter,
) -> None:
    def change(root: Path) -> None:
        shutil.rmtree(root / "gone")
        (root / "gone").mkdir()

    assert after(snapshots, change) == ["M gone", "D gone/deep"]


def test_a_file_in_place_of_a_directory_and_the_reverse(snapshots: StoredSnapshotter) -> None:
    def change(root: Path) -> None:
        shutil.rmtree(root / "gone")
        (root / "gone").write_text("file")
        (root / "top").unlink()
        (root / "top").mkdir()
        (root / "top/in").write_text("")

    assert after(snapshots, change) == ["M gone", "M top", "A top/in"]


def test_a_renamed_directory_is_a_delete_and_adds(snapshots: StoredSnapshotter) -> None:
    def change(root: Path) -> None:
        subprocess.run(["mv", root / "gone", root / "moved"], check=True)

    assert after(snapshots, change) == ["D gone", "A moved", "A moved/deep", "A moved/deep/f"]


def test_a_new_link_to_an_unchanged_file_does_not_bring_the_file(
    snapshots: StoredSnapshotter,
) -> None:
    found = after(snapshots, lambda root: os.link(root / "top", root / "kept/third"))
    assert found == ["M kept", "A kept/third"]


def test_sockets_are_no_change(snapshots: StoredSnapshotter) -> None:
    def change(root: Path) -> None:
        here = os.open(root, os.O_RDONLY)
        try:
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(f"/proc/self/fd/{here}/socket")
        finally:
            os.close(here)

    assert after(snapshots, change) == []


def test_a_child_shows_all_that_its_ancestors_made(snapshots: StoredSnapshotter) -> None:
    one = snapshot(snapshots, None, base)
    two = snapshot(snapshots, one, lambda root: (root / "two").write_text("2"))
    three = snapshot(snapshots, two, lambda root: (root / "etc/group").unlink())
    assert snapshots.parent(three) == two
    with snapshots.view(three) as root:
        assert (root / "two").read_text() == "2"
        assert os.listdir(root / "etc") == ["passwd"]
    with snapshots.view(two) as root:
        assert sorted(os.listdir(root / "etc")) == ["group", "passwd"]


def test_everything_of_an_inode_survives_a_child(snapshots: StoredSnapshotter) -> None:
    def rich(root: Path) -> None:
        tool = root / "tool"
        tool.write_text("#!")
        os.chown(tool, 11, 12)
        tool.chmod(0o4750)
        os.setxattr(tool, "security.capability", CAPABILITY)
        os.link(tool, root / "same")
        os.mkfifo(root / "pipe", 0o640)
        os.mknod(root / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        (root / "dangling").symlink_to("/nowhere")
        os.chown(root / "dangling", 5, 5, follow_symlinks=False)
        os.chmod(root, 0o711)
        os.chown(root, 21, 22)
        for path in [*root.iterdir(), root]:
            os.utime(path, ns=(T * 10**9 + 7, T * 10**9 + 7), follow_symlinks=False)

    def look(root: Path) -> list[tuple[object, ...]]:
        return [
            (
                *(str(path.relative_to(root)), found.st_mode, found.st_uid, found.st_gid),
                *(found.st_mtime_ns, found.st_rdev, found.st_nlink if path != root else 0),
                path.is_symlink() or os.listxattr(path),
            )
            for path in sorted([*root.rglob("*"), root])
            for found in [path.lstat()]
        ]

    first = snapshot(snapshots, None, rich)
    second = snapshot(snapshots, first, lambda root: None)
    with snapshots.view(first) as one, snapshots.view(second) as two:
        assert look(one) == look(two)
        assert (two / "same").stat().st_ino == (two / "tool").stat().st_ino


def test_a_view_of_nothing_is_an_empty_directory(snapshots: StoredSnapshotter) -> None:
    with snapshots.view(None) as root:
        assert os.listdir(root) == []
    assert not root.exists()


def test_discarded_work_is_gone(snapshots: StoredSnapshotter) -> None:
    parent = snapshot(snapshots, None, base)
    with snapshots.prepare(parent) as active:
        (active.path / "x").write_text("")
        path = active.path
    assert not path.exists()
    assert snapshots.ids() == [parent]
    assert os.listdir(snapshots.root / "active") == []


def test_an_error_inside_discards(snapshots: StoredSnapshotter) -> None:
    def fail(root: Path) -> None:
        base(root)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        snapshot(snapshots, None, fail)
    assert snapshots.ids() == []
    assert os.listdir(snapshots.root / "active") == []


def test_discard_after_commit_does_nothing_and_a_second_commit_is_refused(
    snapshots: StoredSnapshotter,
) -> None:
    active = snapshots.prepare(None)
    id = active.commit()
    active.discard()
    assert snapshots.exists(id)
    with pytest.raises(SnapshotError):
        active.commit()


@pytest.mark.parametrize("id", ["999", "", "x", "../1"])
def test_unknown_snapshots_are_refused(snapshots: StoredSnapshotter, id: str) -> None:
    assert not snapshots.exists(id)
    for use in (snapshots.parent, snapshots.prepare, snapshots.remove):
        with pytest.raises(SnapshotError, match="there is no snapshot"):
            use(id)
    with pytest.raises(SnapshotError), snapshots.view(id):
        pass


def test_only_a_leaf_that_nobody_uses_can_be_removed(snapshots: StoredSnapshotter) -> None:
    one = snapshot(snapshots, None, base)
    two = snapshot(snapshots, one, lambda root: None)
    with pytest.raises(SnapshotError, match="on top"):
        snapshots.remove(one)
    with snapshots.view(two), pytest.raises(SnapshotError, match="in use"):
        snapshots.remove(two)
    with snapshots.prepare(two), pytest.raises(SnapshotError, match="in use"):
        snapshots.remove(two)
    snapshots.remove(two)
    snapshots.remove(one)
    assert snapshots.ids() == []
    assert os.listdir(snapshots.root / "snapshots") == []


def test_a_snapshot_knows_when_it_was_committed(snapshots: StoredSnapshotter) -> None:
    before = time.time_ns()
    id = snapshot(snapshots, None, base)
    assert before <= snapshots.created(id) <= time.time_ns()
    with pytest.raises(SnapshotError, match="there is no snapshot"):
        snapshots.created("999")


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


def test_an_id_is_never_given_twice(snapshots: StoredSnapshotter) -> None:
    one = snapshot(snapshots, None, base)
    snapshots.remove(one)
    assert snapshot(snapshots, None, base) != one


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


def test_a_hundred_and_fifty_layers_can_be_stacked(snapshots: StoredSnapshotter) -> None:
    id = None
    for number in range(150):
        id = snapshot(snapshots, id, lambda root, n=number: (root / f"f{n}").write_text(str(n)))
    with snapshots.view(id) as root:
        assert len(os.listdir(root)) == 150
        assert (root / "f0").read_text() == "0"
    assert changed(snapshots, id) == ["A f149"]


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


def test_paths_with_commas_and_colons_can_be_mounted(tmp_path: Path) -> None:
    with OverlaySnapshotter(tmp_path / "a,b:c\\d e") as snapshots:
        one = snapshot(snapshots, None, base)
        assert changed(snapshots, snapshot(snapshots, one, lambda root: (root / "link").unlink()))


def test_a_redirected_directory_is_refused(tmp_path: Path) -> None:
    with OverlaySnapshotter(tmp_path) as snapshots:
        one = snapshot(snapshots, None, base)
        two = snapshot(snapshots, one, lambda root: (root / "kept/new").write_text(""))
        upper = snapshots.root / "snapshots" / two / "fs" / "kept"
        os.setxattr(upper, "trusted.overlay.redirect", b"/etc")
        with pytest.raises(SnapshotError, match="redirect"):
            changed(snapshots, two)


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
