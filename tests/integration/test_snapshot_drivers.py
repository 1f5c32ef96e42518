"""Both drivers, through one set of tests: what a snapshot keeps, and what it says changed."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder.snapshot.drivers import open_snapshotter
from builder.snapshot.overlay import OverlaySnapshotter
from builder.snapshot.store import StoredSnapshotter
from builder.snapshot.types import SnapshotError
from tests.fixtures.snapshots import base, changed, snapshot

pytestmark = [pytest.mark.integration, pytest.mark.root]


T = 1_700_000_000


CAPABILITY = b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0"


@pytest.fixture(params=["copy", "overlay"])
def snapshots(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoredSnapshotter]:
    with open_snapshotter(tmp_path / "state", request.param) as opened:
        assert opened.name == request.param
        yield opened
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()


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


def test_an_id_is_never_given_twice(snapshots: StoredSnapshotter) -> None:
    one = snapshot(snapshots, None, base)
    snapshots.remove(one)
    assert snapshot(snapshots, None, base) != one


def test_a_hundred_and_fifty_layers_can_be_stacked(snapshots: StoredSnapshotter) -> None:
    id = None
    for number in range(150):
        id = snapshot(snapshots, id, lambda root, n=number: (root / f"f{n}").write_text(str(n)))
    with snapshots.view(id) as root:
        assert len(os.listdir(root)) == 150
        assert (root / "f0").read_text() == "0"
    assert changed(snapshots, id) == ["A f149"]


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
