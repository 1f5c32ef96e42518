"""Layers applied as root: what each kind of entry does."""

from __future__ import annotations

import contextlib
import io
import os
import random
import resource
import stat
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.content import ContentError, ContentStore
from builder.snapshot.layers import apply_layer
from builder.snapshot.mounts import mount, unmount
from builder.snapshot.tarread import InvalidTar
from builder.snapshot.tree import remove_tree
from builder.snapshot.types import SnapshotError
from tests.fixtures.layers import (
    T,
    canary,
    directory,
    guarded_root,
    hard_link,
    layer,
    member,
    symlink,
)

pytestmark = [pytest.mark.integration, pytest.mark.root]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return guarded_root(tmp_path)


def test_metadata_is_as_the_layer_says(root: Path) -> None:
    capability = b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    tool = member("bin/tool", mode=0o4711, uid=0, gid=50)
    tool.pax_headers = {
        "SCHILY.xattr.security.capability": capability.decode("latin-1"),
        "mtime": f"{T}.25",
    }
    same = hard_link("bin/same", "bin/tool")
    same.mode, same.uid, same.gid = 0o4711, 0, 50
    apply_layer(
        layer(
            directory("bin", mode=0o2750, uid=7, gid=8),
            (tool, b"#!"),
            symlink("bin/link", "/nowhere"),
            member("bin/pipe", tarfile.FIFOTYPE, mode=0o622, uid=3),
            member("bin/null", tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666),
            member("bin/disk", tarfile.BLKTYPE, devmajor=7, devminor=0),
            same,
            member("bin/late", mode=0o600),
        ),
        root,
    )
    folder = (root / "bin").lstat()
    assert (stat.S_IMODE(folder.st_mode), folder.st_uid, folder.st_gid) == (0o2750, 7, 8)
    assert folder.st_mtime == T, "set after the children"
    found = (root / "bin/tool").lstat()
    assert (stat.S_IMODE(found.st_mode), found.st_gid, found.st_nlink) == (0o4711, 50, 2)
    assert found.st_mtime_ns == T * 10**9 + 250_000_000
    assert os.getxattr(root / "bin/tool", "security.capability") == capability
    assert (root / "bin/link").readlink() == Path("/nowhere")
    assert (root / "bin/link").lstat().st_mtime == T
    pipe = (root / "bin/pipe").lstat()
    assert stat.S_ISFIFO(pipe.st_mode)
    assert (stat.S_IMODE(pipe.st_mode), pipe.st_uid) == (0o622, 3)
    null = (root / "bin/null").lstat()
    assert stat.S_ISCHR(null.st_mode)
    assert null.st_rdev == os.makedev(1, 3)
    assert stat.S_ISBLK((root / "bin/disk").lstat().st_mode)
    assert (root / "bin/late").lstat().st_gid == 0, "a setgid directory does not lend its group"


def test_what_is_said_of_a_hard_link_holds_for_the_file(root: Path) -> None:
    link = hard_link("b", "a")
    link.uid, link.gid, link.mode = 5, 6, 0o4710
    to_link = hard_link("d", "c")
    to_link.uid = 7
    apply_layer(
        layer((member("a", mode=0o640), b"a"), link, symlink("c", "/nowhere"), to_link), root
    )
    found = (root / "a").stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (5, 6, 0o4710)
    assert (root / "c").lstat().st_uid == 7


def test_missing_parents_are_made_whatever_the_umask(root: Path) -> None:
    before = os.umask(0o077)
    try:
        apply_layer(layer((member("a/b/c"), b"x")), root)
    finally:
        os.umask(before)
    assert stat.S_IMODE((root / "a/b").lstat().st_mode) == 0o755


def test_a_directory_entry_keeps_what_lower_layers_have_in_it(root: Path) -> None:
    apply_layer(layer(directory("d"), (member("d/f"), b"x")), root)
    apply_layer(layer(directory("d", mode=0o700)), root)
    assert (root / "d/f").read_text() == "x"
    assert stat.S_IMODE((root / "d").lstat().st_mode) == 0o700


@pytest.mark.parametrize("old", ["file", "directory", "symlink"])
@pytest.mark.parametrize("new", ["file", "directory", "symlink", "hard link", "fifo"])
def test_what_stands_in_the_way_is_replaced(root: Path, old: str, new: str) -> None:
    (root / "other").mkdir()
    kinds = {
        "file": (member("it"), b"data"),
        "directory": directory("it"),
        "symlink": symlink("it", "other"),
        "hard link": hard_link("it", "target"),
        "fifo": member("it", tarfile.FIFOTYPE),
    }
    apply_layer(layer((member("target"), b"t"), kinds[old]), root)
    if old == "directory":
        (root / "it" / "below").mkdir()
    apply_layer(layer(kinds[new]), root)
    mode = (root / "it").lstat().st_mode
    checks = {
        "file": stat.S_ISREG,
        "directory": stat.S_ISDIR,
        "symlink": stat.S_ISLNK,
        "hard link": stat.S_ISREG,
        "fifo": stat.S_ISFIFO,
    }
    assert checks[new](mode)
    assert (root / "other").is_dir()
    assert list((root / "other").iterdir()) == []


def test_a_replaced_link_is_not_written_through(root: Path) -> None:
    apply_layer(layer((member("target"), b"old"), symlink("it", "target")), root)
    apply_layer(layer((member("it"), b"new")), root)
    assert (root / "target").read_text() == "old"


def test_a_replaced_hard_link_leaves_its_siblings(root: Path) -> None:
    apply_layer(layer((member("one"), b"old"), hard_link("two", "one")), root)
    apply_layer(layer((member("two"), b"new")), root)
    assert (root / "one").read_text() == "old"


def test_children_follow_a_directory_that_became_a_link_in_the_same_layer(root: Path) -> None:
    apply_layer(
        layer(
            directory("real"),
            directory("d"),
            (member("d/one"), b"1"),
            symlink("d", "real"),
            (member("d/two"), b"2"),
        ),
        root,
    )
    assert (root / "real/two").read_text() == "2"
    assert not (root / "real/one").exists()


def test_parents_follow_links_of_lower_layers_inside_the_root(root: Path) -> None:
    apply_layer(layer(directory("usr"), directory("usr/lib"), symlink("lib", "/usr/lib")), root)
    apply_layer(layer((member("lib/x"), b"x")), root)
    assert (root / "usr/lib/x").read_text() == "x"
    assert (root / "lib").is_symlink()


def test_a_whiteout_removes_files_and_trees(root: Path) -> None:
    apply_layer(layer((member("d/e/f"), b"x"), (member("d/g"), b"x"), (member("h"), b"")), root)
    apply_layer(layer(member("d/.wh.e"), member(".wh.h"), member(".wh.never")), root)
    assert sorted(os.listdir(root)) == ["d"]
    assert os.listdir(root / "d") == ["g"]


def test_a_whiteout_removes_a_link_and_not_its_target(root: Path) -> None:
    apply_layer(layer((member("d/f"), b"x"), symlink("link", "d")), root)
    apply_layer(layer(member(".wh.link")), root)
    assert (root / "d/f").exists()
    assert not (root / "link").is_symlink()


@pytest.mark.parametrize("first", [True, False])
def test_an_opaque_marker_hides_lower_layers_and_nothing_of_its_own(
    root: Path, first: bool
) -> None:
    apply_layer(layer((member("d/old"), b""), (member("d/sub/old"), b"")), root)
    marker = member("d/.wh..wh..opq")
    new = [(member("d/new"), b"n"), (member("d/sub/new"), b"n"), directory("d/own")]
    apply_layer(layer(*([marker, *new] if first else [*new, marker])), root)
    found = sorted(str(p.relative_to(root)) for p in root.rglob("*"))
    assert found == ["d", "d/new", "d/own", "d/sub", "d/sub/new"]


def test_metadata_of_aufs_is_skipped(root: Path) -> None:
    apply_layer(layer(directory(".wh..wh.plnk"), member(".wh..wh.aufs")), root)
    assert os.listdir(root) == []


@pytest.mark.parametrize("name", [".wh.", "d/.wh..", "d/.wh..."])
def test_a_whiteout_of_nothing_or_a_parent_is_refused(root: Path, name: str) -> None:
    (root / "d").mkdir()
    with pytest.raises(InvalidTar):
        apply_layer(layer(member(name)), root)
    assert (root / "d").is_dir()


def test_what_overlay_reads_is_never_taken_from_a_layer(root: Path) -> None:
    info = directory("d")
    info.pax_headers = {
        "SCHILY.xattr.trusted.overlay.redirect": "/etc",
        "SCHILY.xattr.user.overlay.opaque": "y",
        "SCHILY.xattr.user.kept": "yes",
    }
    apply_layer(layer(info), root)
    assert os.listxattr(root / "d") == ["user.kept"]


def test_the_root_entry_changes_nothing(root: Path) -> None:
    before = root.lstat()
    apply_layer(layer(directory("./", mode=0o700, uid=5), directory("/", uid=5)), root)
    after = root.lstat()
    assert (before.st_mode, before.st_uid) == (after.st_mode, after.st_uid)


def test_times_before_1970_become_1970(root: Path) -> None:
    apply_layer(layer(member("f", mtime=-5)), root)
    assert (root / "f").lstat().st_mtime == 0


def test_very_many_files_far_apart_need_few_descriptors(root: Path) -> None:
    members = [member(f"d{number}/f") for number in range(2000)]
    data = layer(*members, *(member(f"d{number}/g") for number in range(2000)))
    before = len(os.listdir("/proc/self/fd"))
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before + 160, most))
    try:
        apply_layer(data, root)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, most))
    assert len(os.listdir(root)) == 2000
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_very_deep_path_is_refused_and_not_a_crash(root: Path) -> None:
    with pytest.raises(SnapshotError):
        apply_layer(layer(member("/".join(["d"] * 5000))), root)
    remove_tree(root)  # deeper than Python's own removal can go
    assert not root.exists()


def test_data_after_the_archive_is_read_too(root: Path) -> None:
    stream = io.BytesIO(layer(member("f")).getvalue() + b"\0" * 10_000 + b"trailer")
    apply_layer(stream, root)
    assert stream.read() == b""


def test_a_hard_link_to_nothing_says_so(root: Path) -> None:
    with pytest.raises(SnapshotError, match="hard link to gone/file, which does not exist"):
        apply_layer(layer(hard_link("h", "gone/file")), root)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 2**32), st.integers(1, 60))
def test_a_damaged_layer_never_ends_in_another_error(root: Path, seed: int, flips: int) -> None:
    source = random.Random(seed)
    rich = member("d/é" * 30)
    rich.pax_headers = {"SCHILY.xattr.user.x": "y", "mtime": "1.5"}
    data = bytearray(
        layer(
            directory("d"),
            (rich, b"hello"),
            symlink("l", "d"),
            hard_link("h", "l"),
            member("c", tarfile.CHRTYPE, devmajor=1, devminor=3),
            member("d/.wh.x"),
        ).getvalue()
    )
    for _ in range(flips):
        at = source.randrange(len(data))
        data[at] = source.choice([0, 0x2F, 0x2E, 0x30, 0x37, 0xFF, source.randrange(256)])
    for at in range(0, len(data), 512):  # most damage would only fail the checksum
        block = data[at : at + 512]
        if block[257:262] == b"ustar":
            data[at + 148 : at + 156] = b"%06o\0 " % (sum(block) - sum(block[148:156]) + 256)
    before = canary(root)
    with contextlib.suppress(SnapshotError):
        apply_layer(io.BytesIO(bytes(data)), root)
    assert canary(root) == before


@pytest.mark.parametrize("form", ["gnu", "posix", "ustar", "oldgnu"])
def test_archives_of_gnu_tar_come_out_as_they_went_in(
    root: Path, tmp_path: Path, form: str
) -> None:
    tree = tmp_path / "tree"
    (tree / "d" / ("long" * 20)).mkdir(parents=True)
    (tree / "d" / ("long" * 20) / ("name" * 20)).write_text("x" * 1000)
    (tree / "é").write_text("")
    (tree / "link").symlink_to("d/" + "long" * 20)
    os.link(tree / "é", tree / "d" / "hard")
    os.mkfifo(tree / "pipe")
    os.chown(tree / "é", 1234, 4321)
    (tree / "é").chmod(0o6755)
    subprocess.run(
        ["tar", f"--format={form}", "--sort=name", "-cf", tmp_path / "t", "-C", tree, "."],
        check=True,
    )
    with (tmp_path / "t").open("rb") as stream:
        apply_layer(stream, root)
    assert look(root) == look(tree)


@pytest.mark.parametrize("form", ["gnu", "posix 0.0", "posix 0.1", "posix 1.0"])
def test_sparse_files_of_gnu_tar_come_out_whole(root: Path, tmp_path: Path, form: str) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name, pieces in (("few", 2), ("many", 60), ("none", 0)):
        with (tree / name).open("wb") as file:
            for number in range(pieces):
                file.seek(number * 50_000)
                file.write(b"data %d" % number * 700)
            file.truncate(pieces * 50_000 + 777_777)
    (tree / "plain").write_text("after them")
    kind, _, version = form.partition(" ")
    options = [f"--format={kind}", *([f"--sparse-version={version}"] if version else [])]
    subprocess.run(
        ["tar", "-S", *options, "--sort=name", "-cf", tmp_path / "t", "-C", tree, "."], check=True
    )
    assert (tmp_path / "t").stat().st_size < 900_000, "the archive is sparse indeed"
    with (tmp_path / "t").open("rb") as stream:
        apply_layer(stream, root)
    assert look(root) == look(tree)
    assert (root / "none").lstat().st_blocks == 0


def look(root: Path) -> dict[str, tuple[object, ...]]:
    return {
        str(path.relative_to(root)): (
            *(found.st_mode, found.st_uid, found.st_gid, int(found.st_mtime)),
            path.read_bytes() if stat.S_ISREG(found.st_mode) else "",
            path.readlink() if path.is_symlink() else "",
        )
        for path in sorted(root.rglob("*"))
        for found in [path.lstat()]
    }


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "small"
    path.mkdir()
    mount("tmpfs", path, "tmpfs", 0, "size=1m")
    yield path
    unmount(path)


def test_a_full_disk_is_one_line_with_a_hint(small_disk: Path) -> None:
    with pytest.raises(SnapshotError, match="No space left on device") as caught:
        apply_layer(layer((member("big"), bytes(4 << 20))), small_disk)
    assert "big" in str(caught.value)
    assert "space" in caught.value.hint


def test_a_full_disk_leaves_no_half_blob(small_disk: Path) -> None:
    store = ContentStore(small_disk / "store")
    with pytest.raises(ContentError, match="No space left on device"), store.writer() as writer:
        writer.write(bytes(4 << 20))
    assert list(store.digests()) == []
    assert os.listdir(small_disk / "store" / "ingest") == []
