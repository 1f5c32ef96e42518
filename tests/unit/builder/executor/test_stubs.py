"""Mount points come and go without a trace in the tree."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.executor.stubs import MountStubs, inside, make_directories
from builder.executor.types import ExecutorError

LONG_AGO = 10**18


def age(path: Path) -> None:
    os.utime(path, ns=(LONG_AGO, LONG_AGO))


def time_of(path: Path) -> int:
    return path.stat().st_mtime_ns


def test_stubs_leave_no_trace_and_the_parents_times_stay(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    age(tmp_path / "etc")
    age(tmp_path)
    stubs = MountStubs(tmp_path)
    stubs.make([("/etc/hosts", False), ("/etc/resolv.conf", False), ("/a/b/c", True)])
    assert (tmp_path / "etc" / "hosts").is_file()
    assert (tmp_path / "a" / "b" / "c").is_dir()
    assert time_of(tmp_path / "etc") == LONG_AGO
    stubs.remove()
    assert sorted(os.listdir(tmp_path)) == ["etc"]
    assert os.listdir(tmp_path / "etc") == []
    assert time_of(tmp_path / "etc") == time_of(tmp_path) == LONG_AGO


def test_a_tmpfs_is_as_open_as_what_it_covers_or_open_to_all(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(0o750)
    (tmp_path / "there").chmod(0o750)
    (tmp_path / "dev" / "shm").mkdir(parents=True)
    stubs = MountStubs(tmp_path)
    stubs.make([("/there", True), ("/new", True), ("/dev/shm", True)])
    modes = [stubs.open_mode(dest) for dest in ("/there", "/new", "/dev/shm")]
    assert modes == [0o750, 0o1777, 0o1777]
    assert (tmp_path / "new").stat().st_mode & 0o7777 == 0o1777


def test_a_change_of_the_parent_by_the_step_keeps_its_time(tmp_path: Path) -> None:
    stubs = MountStubs(tmp_path)
    stubs.make([("/hosts", False)])
    (tmp_path / "made-by-the-step").touch()
    os.utime(tmp_path, ns=(5 * 10**9, 5 * 10**9))
    stubs.remove()
    assert time_of(tmp_path) == 5 * 10**9


def test_what_the_step_put_there_stays(tmp_path: Path) -> None:
    stubs = MountStubs(tmp_path)
    stubs.make([("/etc/hosts", False), ("/cache/x", True), ("/file", False)])
    (tmp_path / "etc" / "hosts").write_text("127.0.0.1 me\n")
    (tmp_path / "cache" / "kept").touch()
    (tmp_path / "file").unlink()
    (tmp_path / "other").touch()
    (tmp_path / "other").rename(tmp_path / "file")
    stubs.remove()
    assert (tmp_path / "etc" / "hosts").read_text() == "127.0.0.1 me\n"
    assert os.listdir(tmp_path / "cache") == ["kept"]
    assert (tmp_path / "file").exists()


def test_what_was_there_before_stays(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "hosts").touch()
    stubs = MountStubs(tmp_path)
    stubs.make([("/etc/hosts", False), ("/etc", True)])
    stubs.remove()
    assert (tmp_path / "etc" / "hosts").exists()


def test_parents_stay_where_stubs_are_not_removed_recursively(tmp_path: Path) -> None:
    stubs = MountStubs(tmp_path, recursive=False)
    stubs.make([("/a/b", True)])
    stubs.remove()
    assert os.listdir(tmp_path) == ["a"]
    assert os.listdir(tmp_path / "a") == []


def test_a_dangling_link_gets_its_target_for_the_time(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "resolv.conf").symlink_to("../run/resolve/stub.conf")
    stubs = MountStubs(tmp_path)
    stubs.make([("/etc/resolv.conf", False)])
    assert stubs.points["/etc/resolv.conf"] == tmp_path / "run" / "resolve" / "stub.conf"
    stubs.remove()
    assert os.listdir(tmp_path) == ["etc"]
    assert (tmp_path / "etc" / "resolv.conf").is_symlink()


def test_a_mount_point_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "directory").mkdir()
    with pytest.raises(ExecutorError, match="/file is not a directory in the image"):
        MountStubs(tmp_path).make([("/file", True)])
    with pytest.raises(ExecutorError, match="/directory is not a file in the image"):
        MountStubs(tmp_path).make([("/directory", False)])
    with pytest.raises(ExecutorError, match="/file is not a directory"):
        MountStubs(tmp_path).make([("/file/below", True)])


def test_the_working_directory_is_made_open_for_all_to_read(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        make_directories(tmp_path, "/a/b", os.getuid(), os.getgid())
    finally:
        os.umask(before)
    assert (tmp_path / "a" / "b").stat().st_mode & 0o7777 == 0o755
    (tmp_path / "file").touch()
    with pytest.raises(ExecutorError, match="working directory /file/x: /file is not a directory"):
        make_directories(tmp_path, "/file/x", os.getuid(), os.getgid())


def test_the_host_path_has_a_name_inside(tmp_path: Path) -> None:
    assert inside(tmp_path, tmp_path / "a" / "b") == "/a/b"
    assert inside(tmp_path, tmp_path) == "/"
