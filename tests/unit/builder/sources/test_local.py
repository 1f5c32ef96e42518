"""A local directory, frozen for a build."""

import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from builder.events import Event
from builder.snapshot.copying import CopySnapshotter
from builder.snapshot.tree import remove_tree
from builder.sources.errors import SourceError
from builder.sources.local import LocalTree, follow_links


@pytest.fixture
def context(tmp_path: Path) -> Path:
    root = tmp_path / "context"
    (root / "dir/sub").mkdir(parents=True)
    (root / "dir/f").write_text("file")
    (root / "dir/sub/g").write_text("g")
    (root / "top").write_text("top")
    (root / "top").chmod(0o750)
    (root / "link").symlink_to("dir/f")
    (root / "out").symlink_to("/dir/sub")
    return root


def frozen(context: Path, tmp_path: Path, **filters: Any) -> tuple[Path, list[Event]]:
    with CopySnapshotter(tmp_path / "snapshots") as snapshots:
        events: list[Event] = []
        tree = LocalTree(
            name="context",
            root=context,
            follow=filters.get("follow", ()),
            include=(),
            exclude=filters.get("exclude", ()),
            snapshots=snapshots,
            session="s",
        )
        id = tree.freeze(events.append, "v", filters.get("cancelled", lambda: False))
        with snapshots.view(id) as path:
            copy = tmp_path / "seen"
            os.system(f"cp -a {path} {copy}")
        return copy, events


def names(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_everything_is_taken_with_its_mode_and_time(context: Path, tmp_path: Path) -> None:
    os.utime(context / "top", ns=(5, 7 * 10**9))
    copy, _ = frozen(context, tmp_path)
    assert names(copy) == names(context)
    info = (copy / "top").stat()
    assert (stat.S_IMODE(info.st_mode), info.st_mtime_ns) == (0o750, 7 * 10**9)


@pytest.mark.root
def test_owners_become_root(context: Path, tmp_path: Path) -> None:
    os.chown(context / "top", 12, 34)
    copy, _ = frozen(context, tmp_path)
    assert ((copy / "top").stat().st_uid, (copy / "top").stat().st_gid) == (0, 0)


def test_only_followed_paths_are_taken_and_the_links_on_the_way(
    context: Path, tmp_path: Path
) -> None:
    copy, _ = frozen(context, tmp_path, follow=("/link", "/out/g"))
    assert names(copy) == ["dir", "dir/f", "dir/sub", "dir/sub/g", "link", "out"]


def test_what_is_excluded_stays_behind(context: Path, tmp_path: Path) -> None:
    copy, _ = frozen(context, tmp_path, exclude=("dir", "!dir/sub/g", "*k"))
    assert names(copy) == ["dir", "dir/sub", "dir/sub/g", "out", "top"]


def test_a_socket_becomes_an_empty_file_and_hard_links_stay_hard(
    context: Path, tmp_path: Path
) -> None:
    os.link(context / "dir/f", context / "same")
    os.chdir(context)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        Path("socket").chmod(0o711)
        copy, _ = frozen(context, tmp_path)
    assert (copy / "socket").read_bytes() == b""
    assert stat.S_IMODE((copy / "socket").stat().st_mode) == 0o711
    assert (copy / "same").stat().st_nlink == 2


@pytest.mark.root
def test_what_a_file_may_do_stays_behind(context: Path, tmp_path: Path) -> None:
    os.setxattr(context / "top", "user.note", b"a note")
    os.setxattr(context / "top", "security.capability", b"\1\0\0\2\0\x20\0\0" + bytes(12))
    copy, _ = frozen(context, tmp_path)
    assert os.listxattr(copy / "top") == ["user.note"]


def test_the_transfer_is_counted(context: Path, tmp_path: Path) -> None:
    _, events = frozen(context, tmp_path)
    last = events[-1]
    assert last.id == "transferring context:"  # type: ignore[union-attr]
    assert last.current > len("filegtop")  # type: ignore[union-attr]


def test_a_directory_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nowhere"):
        frozen(tmp_path / "nowhere", tmp_path)


def test_a_cancelled_transfer_leaves_no_snapshot(context: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        frozen(context, tmp_path, cancelled=lambda: True)
    with CopySnapshotter(tmp_path / "snapshots") as snapshots:
        assert not snapshots.exists("1")


def test_a_key_belongs_to_one_session(context: Path, tmp_path: Path) -> None:
    with CopySnapshotter(tmp_path / "snapshots") as snapshots:
        one, other = (
            LocalTree("context", context, (), (), (), snapshots, session) for session in "ab"
        )
        assert one.key != other.key
        assert one.key.startswith("session:context:sha256:")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["dir/f"], ["dir/f"]),
        (["link"], ["dir/f", "link"]),
        (["out/g"], ["dir/sub/g", "out"]),
        (["l*"], ["dir/f", "l*"]),
        (["missing/x"], ["missing/x"]),
        (["../../top"], ["top"]),
    ],
)
def test_links_lead_to_what_they_point_to(
    context: Path, asked: list[str], found: list[str]
) -> None:
    assert follow_links(context, asked) == found


def test_links_in_a_circle_end(context: Path) -> None:
    (context / "a").symlink_to("b")
    (context / "b").symlink_to("a")
    assert follow_links(context, ["a"]) == ["a", "b"]


def nest(top: Path, depth: int) -> None:
    path = str(top)
    for _ in range(depth + 1):
        os.mkdir(path)
        path += "/d"


def test_a_directory_may_be_deeper_than_what_can_be_open(tmp_path: Path) -> None:
    root = tmp_path / "context"
    deep = "/".join(["d"] * 600)
    nest(root, 600)
    (root / f"{deep}/f").write_text("f")
    (root / "d/d/z").write_text("z")
    copy, _ = frozen(root, tmp_path)
    assert (copy / f"{deep}/f").read_text() == "f"
    assert (copy / "d/d/z").read_text() == "z"
    for tree in (root, copy):
        remove_tree(tree)


def test_a_directory_that_becomes_a_link_meanwhile_is_not_followed(
    context: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    calls = 0

    def swap() -> bool:
        nonlocal calls
        calls += 1
        if calls == 2:  # below dir, whose names are known by now
            (context / "dir/sub").rename(context / "moved")
            (context / "dir/sub").symlink_to(outside)
        return False

    copy, _ = frozen(context, tmp_path, cancelled=swap)
    assert (copy / "dir/sub").is_symlink()
    assert "secret" not in [path.name for path in copy.rglob("*")]


def test_a_deep_directory_that_is_moved_away_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "context"
    deep = "/".join(["d"] * 150)
    (root / deep).mkdir(parents=True)
    (root / f"{deep}/f").write_text("f")
    calls = 0

    def move() -> bool:
        nonlocal calls
        calls += 1
        if calls == 152:
            (root / "d/d/d").rename(tmp_path / "elsewhere")
        return False

    with pytest.raises(SourceError, match="changed while it was read"):
        frozen(root, tmp_path, cancelled=move)
