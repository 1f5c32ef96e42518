"""A local directory, frozen for a build."""

import os
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder.events import Event
from builder.snapshot.contenthash import content_hash
from builder.snapshot.copying import CopySnapshotter
from builder.snapshot.tree import remove_tree
from builder.sources.errors import SourceError
from builder.sources.kept import KeptTrees
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


class Kept:
    """One directory that is built again and again."""

    def __init__(self, context: Path, tmp_path: Path) -> None:
        self.context = context
        self._tmp = tmp_path
        (tmp_path / "run").mkdir()
        for number in range(30):
            (context / "dir" / f"many{number}").write_text(str(number))
        self.settle()

    def settle(self) -> None:
        """Nothing was changed lately: a file that was is read again in any case."""
        time.sleep(0.05)

    def build(self, **filters: Any) -> tuple[Path, LocalTree, int]:
        """What a build reads, its source, and how many bytes of files and names went over."""
        kept = KeptTrees(self._tmp / "contexts", self._tmp / "run")
        with CopySnapshotter(self._tmp / "snapshots") as snapshots:
            tree = LocalTree(
                name="context",
                root=self.context,
                follow=filters.get("follow", ()),
                include=(),
                exclude=filters.get("exclude", ()),
                snapshots=snapshots,
                session="s",
                slot=kept.slot("context", self.context),
            )
            events: list[Any] = []
            id = tree.freeze(events.append, "v", lambda: False)
            seen = self._tmp / "seen"
            remove_tree(seen)
            with snapshots.view(id) as path:
                os.system(f"cp -a {path} {seen}")
                content_hash(path, [], received=True, known=tree.digests)
                fresh = content_hash(path, [], received=True)
                assert content_hash(path, [], received=True, known=tree.digests) == fresh
            tree.discard()
            assert snapshots.ids() == []
            assert list((self._tmp / "run").iterdir()) == []
        return seen, tree, events[-1].current


@pytest.fixture
def kept(context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    monkeypatch.setattr("builder.sources.kept._RACY_NS", 20_000_000)
    monkeypatch.setattr("builder.sources.local._MANY", 20)
    return Kept(context, tmp_path)


def shape(root: Path) -> dict[str, tuple[object, ...]]:
    """All that a copy has to keep, by path."""
    out: dict[str, tuple[object, ...]] = {}
    for path in root.rglob("*"):
        info = path.lstat()
        data = (
            os.readlink(path)
            if path.is_symlink()
            else sorted(os.listdir(path))
            if path.is_dir()
            else path.read_bytes()
            if path.is_file()
            else None
        )
        xattrs = os.listxattr(path, follow_symlinks=False)
        out[str(path.relative_to(root))] = (info.st_mode, info.st_mtime_ns, data, xattrs)
    return out


def rewritten_with_its_time_set_back(path: Path) -> None:
    info = path.stat()
    path.write_text(path.read_text()[::-1])
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def _replace(path: Path, make: Callable[[Path], object]) -> None:
    remove_tree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    make(path)


CHANGES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda root: None,
    "written anew": lambda root: (root / "dir/f").write_text("other"),
    "same size, same time": lambda root: rewritten_with_its_time_set_back(root / "dir/many12"),
    "mode": lambda root: (root / "dir/many7").chmod(0o700),
    "mode of a directory": lambda root: (root / "dir").chmod(0o711),
    "time": lambda root: os.utime(root / "dir/many8", ns=(1, 10**9)),
    "xattr": lambda root: os.setxattr(root / "dir/many9", "user.note", b"x"),
    "removed": lambda root: (root / "dir/many9").unlink(),
    "directory removed": lambda root: remove_tree(root / "dir/sub"),
    "added": lambda root: (root / "dir/sub/new").write_text("new"),
    "link elsewhere": lambda root: _replace(root / "link", lambda p: p.symlink_to("top")),
    "file to directory": lambda root: _replace(
        root / "top", lambda p: (p / "in").mkdir(0o755, True)
    ),
    "file to link": lambda root: _replace(root / "top", lambda p: p.symlink_to("dir/sub")),
    "directory to file": lambda root: _replace(root / "dir/sub", lambda p: p.write_text("s")),
    "directory to link": lambda root: _replace(root / "dir/sub", lambda p: p.symlink_to("/etc")),
    "link to directory": lambda root: _replace(
        root / "out", lambda p: (p / "x").mkdir(0o755, True)
    ),
    "second name": lambda root: os.link(root / "dir/f", root / "f2"),
    "fifo": lambda root: _replace(root / "dir/many5", os.mkfifo),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_kept_copy_becomes_what_a_fresh_one_is(kept: Kept, change: str) -> None:
    _, _, all_of_it = kept.build()
    CHANGES[change](kept.context)
    for _ in range(2):
        seen, _, went_over = kept.build()
        assert shape(seen) == shape(kept.context)
        assert (seen / "dir/f").lstat().st_nlink == (kept.context / "dir/f").lstat().st_nlink
        if change == "nothing":
            assert went_over < all_of_it


def test_what_is_asked_for_may_differ_from_build_to_build(kept: Kept) -> None:
    kept.build()
    seen, _, _ = kept.build(exclude=("dir/many1*", "top"))
    assert "top" not in names(seen)
    assert len(names(seen / "dir")) == 30 - 11 + 3
    seen, _, _ = kept.build(follow=("/link",))
    assert names(seen) == ["dir", "dir/f", "link"]
    seen, _, _ = kept.build()
    assert shape(seen) == shape(kept.context)


def test_a_file_that_was_just_changed_is_read_again(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builder.sources.kept._RACY_NS", 2 * 10**9)
    kept.build()
    _, tree, _ = kept.build()
    assert tree._record.identities == {}


def test_digests_are_known_of_what_did_not_change(kept: Kept) -> None:
    kept.build()
    (kept.context / "dir/f").write_text("other")
    kept.settle()
    with CopySnapshotter(kept._tmp / "snapshots") as snapshots:
        slot = KeptTrees(kept._tmp / "contexts", kept._tmp / "run").slot("context", kept.context)
        tree = LocalTree("context", kept.context, (), (), (), snapshots, "s", slot)
        tree.freeze(lambda event: None, "v", lambda: False)
        assert "/dir/many1" in tree.digests
        assert "/dir/f" not in tree.digests


def test_a_build_that_is_killed_leaves_no_copy_and_no_harm(kept: Kept) -> None:
    kept.build()
    slot = KeptTrees(kept._tmp / "contexts", kept._tmp / "run").slot("context", kept.context)
    assert slot is not None
    (kept._tmp / "lost").mkdir()
    assert slot.take(kept._tmp / "lost") is not None
    assert slot.take(kept._tmp / "lost") is None
    seen, _, _ = kept.build()
    assert shape(seen) == shape(kept.context)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 1, "boot": "another", "files": {}}'])
def test_a_record_that_says_nothing_costs_a_copy(kept: Kept, text: str) -> None:
    kept.build()
    (path,) = (kept._tmp / "contexts").iterdir()
    (path / "record").write_text(text)
    rewritten_with_its_time_set_back(path / "fs/dir/many1")
    rewritten_with_its_time_set_back(path / "fs/dir/many12")
    seen, _, _ = kept.build()
    assert shape(seen) == shape(kept.context)


def test_of_two_builds_at_once_one_has_the_copy(kept: Kept) -> None:
    kept.build()
    trees = []
    with CopySnapshotter(kept._tmp / "snapshots") as snapshots:
        for _ in range(2):
            slots = KeptTrees(kept._tmp / "contexts", kept._tmp / "run")
            slot = slots.slot("context", kept.context)
            tree = LocalTree("context", kept.context, (), (), (), snapshots, "s", slot)
            trees.append((tree, tree.freeze(lambda event: None, "v", lambda: False)))
        for tree, id in trees:
            with snapshots.view(id) as path:
                assert shape(path) == shape(kept.context)
            tree.discard()
        assert snapshots.ids() == []
    assert len(list((kept._tmp / "contexts").iterdir())) == 1


def test_a_small_context_and_one_of_this_build_alone_are_not_kept(
    context: Path, tmp_path: Path
) -> None:
    (tmp_path / "run/unpacked").mkdir(parents=True)
    slots = KeptTrees(tmp_path / "contexts", tmp_path / "run")
    assert slots.slot("context", tmp_path / "run/unpacked") is None
    with CopySnapshotter(tmp_path / "snapshots") as snapshots:
        slot = slots.slot("context", context)
        tree = LocalTree("context", context, (), (), (), snapshots, "s", slot)
        tree.freeze(lambda event: None, "v", lambda: False)
        tree.discard()
        assert snapshots.ids() == []
    assert not (tmp_path / "contexts").exists()


def test_a_copy_that_an_image_lies_on_stays_with_it(kept: Kept) -> None:
    with CopySnapshotter(kept._tmp / "snapshots") as snapshots:
        slot = KeptTrees(kept._tmp / "contexts", kept._tmp / "run").slot("context", kept.context)
        tree = LocalTree("context", kept.context, (), (), (), snapshots, "s", slot)
        id = tree.freeze(lambda event: None, "v", lambda: False)
        with snapshots.prepare(id) as active:
            above = active.commit()
        tree.discard()
        assert snapshots.exists(id)
        assert snapshots.exists(above)
    assert list((kept._tmp / "run").iterdir()) == []
