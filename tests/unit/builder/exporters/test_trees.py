"""A tree goes out as it is, and never through a link of the destination."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from pathlib import Path

import pytest

from builder.exporters.errors import ExportError
from builder.exporters.rootfstar import write_tar
from builder.exporters.treecopy import copy_tree

OLD = 1_000_000_000


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "tool").write_text("tool")
    (root / "bin" / "tool").chmod(0o4755)
    os.link(root / "bin" / "tool", root / "bin" / "alias")
    os.link(root / "bin" / "tool", root / "second")
    (root / "link").symlink_to("/etc/passwd")
    (root / "closed").mkdir()
    (root / "closed" / "inner").write_text("inner")
    os.mkfifo(root / "fifo", 0o640)
    for path in (root / "bin" / "tool", root / "closed" / "inner", root / "closed", root / "bin"):
        os.utime(path, (OLD, OLD))
    os.utime(root / "link", (OLD, OLD), follow_symlinks=False)
    (root / "closed").chmod(0o1555)
    return root


def test_a_copy_keeps_modes_times_links_and_hard_links(tree: Path, tmp_path: Path) -> None:
    dest = tmp_path / "dest" / "deep"
    copy_tree(tree, dest)
    tool = (dest / "bin" / "tool").stat()
    assert stat.S_IMODE(tool.st_mode) == 0o4755
    assert tool.st_mtime == OLD
    assert tool.st_nlink == 3
    assert (dest / "second").stat().st_ino == tool.st_ino
    assert os.readlink(dest / "link") == "/etc/passwd"
    assert (dest / "link").lstat().st_mtime == OLD
    closed = (dest / "closed").stat()
    assert stat.S_IMODE(closed.st_mode) == 0o1555
    assert closed.st_mtime == OLD
    assert stat.S_ISFIFO((dest / "fifo").stat().st_mode)
    assert not list(dest.rglob("*.partial"))


def test_a_second_copy_replaces_and_leaves_other_files(tree: Path, tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    copy_tree(tree, dest)
    (dest / "mine").write_text("mine")
    (dest / "second").unlink()
    (dest / "second").mkdir()
    (dest / "second" / "x").touch()
    (dest / "link").unlink()
    (dest / "link").write_text("a file now")
    (tree / "bin" / "tool").write_text("newer")
    copy_tree(tree, dest)
    assert (dest / "mine").read_text() == "mine"
    assert (dest / "second").read_text() == "newer"
    assert (dest / "link").is_symlink()


def test_a_link_in_the_destination_does_not_lead_out(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    dest = tmp_path / "dest"
    dest.mkdir()
    (dest / "bin").symlink_to(outside)
    with pytest.raises(ExportError, match="dest/bin is a symbolic link"):
        copy_tree(tree, dest)
    assert list(outside.iterdir()) == []


def test_a_file_that_is_a_link_in_the_destination_is_replaced_not_followed(
    tree: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    dest = tmp_path / "dest"
    (dest / "bin").mkdir(parents=True)
    (dest / "bin" / "tool").symlink_to(victim)
    copy_tree(tree, dest)
    assert victim.read_text() == "untouched"
    assert (dest / "bin" / "tool").read_text() == "tool"


def test_a_tree_deeper_than_python_recurses_is_copied_and_archived(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    here = os.open(root, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=here)
        deeper = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    copy_tree(root, tmp_path / "dest")
    file = io.BytesIO()
    write_tar(file, [("", root)])
    with tarfile.open(fileobj=io.BytesIO(file.getvalue())) as tar:
        assert len(tar.getnames()) == 1200
    for directory in (root, tmp_path / "dest"):
        bottom = directory.joinpath(*["d"] * 1200)
        assert bottom.is_dir()
        while bottom != directory:
            bottom.rmdir()
            bottom = bottom.parent


def test_the_epoch_bounds_times(tree: Path, tmp_path: Path) -> None:
    copy_tree(tree, tmp_path / "dest", epoch=5)
    assert (tmp_path / "dest" / "bin" / "tool").stat().st_mtime == 5


def test_a_tar_has_the_tree_in_byte_order_with_relative_hard_links(tree: Path) -> None:
    file = io.BytesIO()
    write_tar(file, [("", tree)], epoch=OLD)
    with tarfile.open(fileobj=io.BytesIO(file.getvalue())) as tar:
        members = {member.name: member for member in tar}
    assert list(members) == [
        "bin", "bin/alias", "bin/tool", "closed", "closed/inner", "fifo", "link", "second",
    ]  # fmt: skip
    assert members["bin/alias"].isreg()
    assert members["bin/alias"].mode == 0o4755
    assert members["second"].islnk()
    assert members["second"].linkname == "bin/alias"
    assert members["link"].linkname == "/etc/passwd"
    assert members["closed"].mode == 0o1555
    assert max(member.mtime for member in members.values()) == OLD
    assert {member.uname for member in members.values()} == {""}


def test_several_platforms_have_directories_of_their_own(tree: Path) -> None:
    file = io.BytesIO()
    write_tar(file, [("linux_amd64/", tree), ("linux_arm64/", tree)])
    with tarfile.open(fileobj=io.BytesIO(file.getvalue())) as tar:
        names = tar.getnames()
        assert tar.getmember("linux_arm64/second").linkname == "linux_arm64/bin/alias"
    assert names[0] == "linux_amd64"
    assert "linux_arm64/bin/tool" in names
