"""COPY from tree to tree."""

import os
import stat
from pathlib import Path

import pytest

from builder.ops.errors import OpError
from builder.ops.treecopy import CopyOptions, Owner, copy_tree
from builder.snapshot.tree import remove_tree

CONTENTS = CopyOptions(copy_dir_contents=True, follow_links=True)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "d/sub").mkdir(parents=True)
    (root / "d/f").write_text("f")
    (root / "d/sub/g").write_text("g")
    (root / "d").chmod(0o750)
    (root / "d/sub").chmod(0o700)
    (root / "file").write_text("file")
    (root / "file").chmod(0o4711)
    (root / "link").symlink_to("d/f")
    os.utime(root / "file", ns=(10**18, 10**18))
    return root


@pytest.fixture
def target(tmp_path: Path) -> Path:
    root = tmp_path / "target"
    root.mkdir()
    return root


def copy(source: Path, src: str, target: Path, dst: str, options: CopyOptions = CONTENTS) -> None:
    copy_tree(str(source), src, str(target), dst, options)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_file_keeps_mode_and_time(source: Path, target: Path) -> None:
    copy(source, "/file", target, "/new")
    assert mode(target / "new") == 0o4711
    assert (target / "new").stat().st_mtime_ns == 10**18


def test_a_target_with_a_slash_is_a_directory(source: Path, target: Path) -> None:
    copy(source, "/file", target, "/a/b/")
    assert (target / "a/b/file").read_text() == "file"
    assert mode(target / "a/b") == 0o755


def test_a_directory_gives_its_contents_and_its_mode_to_a_new_target(
    source: Path, target: Path
) -> None:
    copy(source, "/d", target, "/new")
    assert (target / "new/sub/g").read_text() == "g"
    assert not (target / "new/d").exists()
    assert mode(target / "new") == 0o755  # made as a parent, before the copy
    assert mode(target / "new/sub") == 0o700


def test_an_existing_top_directory_keeps_its_mode_but_those_below_do_not(
    source: Path, target: Path
) -> None:
    (target / "e/sub").mkdir(parents=True)
    (target / "e").chmod(0o711)
    (target / "e/sub").chmod(0o777)
    copy(source, "/d", target, "/e")
    assert mode(target / "e") == 0o711
    assert mode(target / "e/sub") == 0o700


def test_a_source_link_is_followed_but_links_in_a_tree_are_kept(source: Path, target: Path) -> None:
    copy(source, "/link", target, "/got")
    assert (target / "got").read_text() == "f"
    assert not (target / "got").is_symlink()
    copy(source, "/", target, "/all")
    assert os.readlink(target / "all/link") == "d/f"


def test_a_target_link_is_followed_inside_the_target_only(source: Path, target: Path) -> None:
    (target / "real").mkdir()
    (target / "way").symlink_to("/real")
    copy(source, "/file", target, "/way/x")
    assert (target / "real/x").read_text() == "file"


def test_a_file_replaces_a_link_in_its_place(source: Path, target: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("untouched")
    (target / "d").mkdir()
    (target / "d/f").symlink_to(outside)
    copy(source, "/d", target, "/d")
    assert outside.read_text() == "untouched"
    assert not (target / "d/f").is_symlink()


def test_a_file_cannot_replace_a_directory(source: Path, target: Path) -> None:
    (target / "d/f").mkdir(parents=True)
    with pytest.raises(OpError, match="cannot replace to directory /d/f with file"):
        copy(source, "/d", target, "/d")


def test_a_directory_cannot_replace_a_file(source: Path, target: Path) -> None:
    (target / "d").mkdir()
    (target / "d/sub").write_text("file")
    with pytest.raises(OpError, match="cannot copy to non-directory: /d/sub"):
        copy(source, "/d", target, "/d")


def test_replacing_may_be_asked_for(source: Path, target: Path) -> None:
    (target / "d").mkdir()
    (target / "d/sub").write_text("file")
    options = CopyOptions(copy_dir_contents=True, replace_existing=True)
    copy(source, "/d", target, "/d", options)
    assert (target / "d/sub/g").read_text() == "g"


def test_hard_links_stay_hard_links(source: Path, target: Path) -> None:
    os.link(source / "d/f", source / "d/sub/same")
    copy(source, "/d", target, "/d")
    assert (target / "d/f").stat().st_ino == (target / "d/sub/same").stat().st_ino


@pytest.mark.root
def test_owner_and_mode_go_to_everything_new(source: Path, target: Path) -> None:
    options = CopyOptions(owner=Owner(5, 6), mode=0o640, copy_dir_contents=True)
    copy(source, "/file", target, "/made/")
    copy(source, "/file", target, "/p/q/", options)
    for path in (target / "p", target / "p/q", target / "p/q/file"):
        assert (path.stat().st_uid, path.stat().st_gid) == (5, 6)
    assert mode(target / "p/q/file") == 0o640
    assert mode(target / "p") == 0o640
    assert (target / "made").stat().st_uid == 0


def test_a_symbolic_mode_looks_at_each_file(source: Path, target: Path) -> None:
    options = CopyOptions(mode_text="a=rX", copy_dir_contents=True)
    copy(source, "/d", target, "/e", options)
    assert mode(target / "e/sub") == 0o555
    assert mode(target / "e/f") == 0o444


class Only:
    def __init__(self, *names: str) -> None:
        self.names = names

    def matches(self, path: str) -> bool:
        return any(path == name or path.startswith(name + "/") for name in self.names)


def test_excluded_paths_stay_behind(source: Path, target: Path) -> None:
    copy(source, "/d", target, "/e", CopyOptions(copy_dir_contents=True, exclude=Only("sub")))
    assert sorted(os.listdir(target / "e")) == ["f"]


def test_parents_of_included_paths_come_along_with_their_mode(source: Path, target: Path) -> None:
    copy(source, "/", target, "/e", CopyOptions(copy_dir_contents=True, include=Only("d/sub/g")))
    assert (target / "e/d/sub/g").read_text() == "g"
    assert mode(target / "e/d") == 0o750
    assert not (target / "e/file").exists()
    assert not (target / "e/d/f").exists()


def test_a_directory_without_anything_included_is_not_made(source: Path, target: Path) -> None:
    copy(source, "/", target, "/e", CopyOptions(copy_dir_contents=True, include=Only("file")))
    assert sorted(os.listdir(target / "e")) == ["file"]


def test_a_missing_source_is_named(source: Path, target: Path) -> None:
    with pytest.raises(OpError, match="/nope"):
        copy(source, "/nope", target, "/x")


def test_a_big_file_arrives_whole(source: Path, target: Path) -> None:
    data = os.urandom(3 << 20)
    (source / "big").write_bytes(data)
    copy(source, "/big", target, "/big")
    assert (target / "big").read_bytes() == data


def test_nothing_more_is_copied_once_cancelled(source: Path, target: Path) -> None:
    options = CopyOptions(copy_dir_contents=True, cancelled=lambda: (target / "e").exists())
    with pytest.raises(OpError):
        copy(source, "/d", target, "/e", options)
    assert not list((target / "e").iterdir())


def nest(top: Path, depth: int) -> None:
    path = str(top)
    for _ in range(depth + 1):
        os.mkdir(path)
        path += "/d"


def test_a_tree_may_be_deeper_than_the_stack(tmp_path: Path, target: Path) -> None:
    deep = "/".join(["d"] * 600)
    nest(tmp_path / "deep", 600)
    (tmp_path / f"deep/{deep}/f").write_text("f")
    copy(tmp_path, "/deep", target, "/new")
    assert (target / f"new/{deep}/f").read_text() == "f"
    remove_tree(tmp_path / "deep")
    remove_tree(target / "new")
