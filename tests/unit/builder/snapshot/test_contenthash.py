"""Content hashes: BuildKit's own vectors, links inside the root, filters."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from builder.oci.digest import Digest
from builder.snapshot.contenthash import PathNotFound, Selector, content_hash
from builder.snapshot.tree import remove_tree

FILE = "cd8e75bca50f2d695f220d0cb0997d8ead387e4f926e8669a92d7f104cc9885b"
DIRECTORY = "d47454417d2c554067fbefe5f5719edc49f3cfe969c36b62e34a187a4da0cc9a"
ROOT = "427c9cf9ae98c0f81fb57a3076b965c7c149b6b0a85625ad4e884236649a42c6"
WILDCARD = "6b612ad5c13159112ae26357ef7bd34df29916941ba40ec2ce38dfb70c6c60c3"


def write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o644)


def folder(path: Path) -> Path:
    path.mkdir()
    path.chmod(0o755)
    return path


def vector(path: Path) -> None:
    folder(path)
    write(path / "abc", "data0")
    (path / "def").symlink_to("abc")
    (path / "ghi").symlink_to("nosuchfile")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = folder(tmp_path / "root")
    write(root / "bar", "data1")
    write(root / "foo", "data0")
    vector(root / "d0")
    return root


def one(root: Path, path: str, **options: object) -> Digest:
    return content_hash(root, [Selector(path, **options)])  # type: ignore[arg-type]


@pytest.mark.root
def test_a_file_hashes_as_in_buildkit(root: Path) -> None:
    assert one(root, "foo").hex == one(root, "/d0/../foo").hex == FILE


@pytest.mark.root
def test_a_directory_hashes_as_in_buildkit(root: Path) -> None:
    assert one(root, "/d0").hex == one(root, "d0/").hex == DIRECTORY


@pytest.mark.root
def test_a_whole_tree_hashes_as_in_buildkit(root: Path) -> None:
    assert one(root, "/").hex == content_hash(root, []).hex == ROOT


@pytest.mark.root
def test_a_wildcard_hashes_as_in_buildkit(tmp_path: Path) -> None:
    root = folder(tmp_path / "root")
    folder(root / "x")
    vector(root / "x" / "d0")
    assert one(root, "x/d?", wildcard=True).hex == WILDCARD


def test_several_selectors_are_joined_by_nul(root: Path) -> None:
    both = content_hash(root, [Selector("foo"), Selector("bar")])
    assert both == Digest.of(f"{one(root, 'foo')}\0{one(root, 'bar')}".encode())


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_text("datax"),
        lambda path: path.chmod(0o600),
        lambda path: os.setxattr(path, "user.key", b"value"),
        lambda path: path.rename(path.with_name("foo2")),
    ],
)
def test_data_mode_xattrs_and_names_count(root: Path, change: object) -> None:
    before = one(root, "/")
    change(root / "foo")  # type: ignore[operator]
    assert one(root, "/") != before


def test_times_do_not_count(root: Path) -> None:
    before = one(root, "/")
    for path in root.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    assert one(root, "/") == before


@pytest.mark.root
def test_owners_and_devices_count(root: Path) -> None:
    plain = one(root, "foo")
    os.chown(root / "foo", 1, 2)
    assert one(root, "foo") != plain
    for name, minor in (("n1", 3), ("n2", 5)):
        os.mknod(root / name, stat.S_IFCHR | 0o666, os.makedev(1, minor))
    assert one(root, "n1") != one(root, "n2")


def test_large_files_are_hashed_aside_and_the_same(root: Path) -> None:
    big = os.urandom(2_000_000)
    (root / "d0" / "big").write_bytes(big)
    inside = one(root, "d0")
    (root / "d0" / "big").write_bytes(big[:-1] + b"!")
    assert one(root, "d0") != inside
    (root / "d0" / "big").write_bytes(big)
    assert one(root, "d0") == inside


def test_a_link_in_the_way_is_followed_inside_the_root(root: Path, tmp_path: Path) -> None:
    (tmp_path / "d0").mkdir()
    write(tmp_path / "d0" / "abc", "outside")
    (root / "up").symlink_to("../../../../../../d0")
    (root / "absolute").symlink_to("/d0")
    assert one(root, "up/abc") == one(root, "absolute/abc") == one(root, "d0/abc")


def test_a_link_in_the_last_place_is_followed_when_asked(root: Path) -> None:
    assert one(root, "d0/def") != one(root, "foo")
    assert one(root, "d0/def", follow_links=True) == one(root, "foo")


def test_what_is_missing_is_named_as_buildkit_does(root: Path) -> None:
    for path, options in (
        ("nothing", {}),
        ("foo/below", {}),
        ("d0/ghi", {"follow_links": True}),
    ):
        with pytest.raises(PathNotFound, match=f'^"/{path}": not found$'):
            one(root, path, **options)


def test_a_link_loop_is_an_error(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    with pytest.raises(Exception, match="too many links"):
        one(root, "a/x")


def test_a_wildcard_without_matches_is_the_empty_digest(root: Path) -> None:
    assert one(root, "nothing*", wildcard=True) == Digest.of(b"")
    assert one(root, "none/nothing*", wildcard=True) == Digest.of(b"")


def test_a_wildcard_names_what_it_matched(root: Path) -> None:
    before = one(root, "f*", wildcard=True)
    (root / "foo").rename(root / "fox")
    assert one(root, "f*", wildcard=True) != before


def test_a_wildcard_that_is_none_is_the_path_itself(root: Path) -> None:
    assert one(root, "foo", wildcard=True) == one(root, "foo")


def test_links_that_a_wildcard_matched_are_followed_when_asked(root: Path) -> None:
    (root / "link").symlink_to("foo")
    followed = one(root, "lin?", wildcard=True, follow_links=True)
    assert followed == Digest.of(b"\0link" + one(root, "foo").encode())
    assert one(root, "lin?", wildcard=True) != followed


def test_a_dangling_link_below_a_match_is_no_error(root: Path) -> None:
    one(root, "d?", wildcard=True, follow_links=True)


def test_excluded_files_do_not_count(root: Path) -> None:
    before = one(root, "/d0", exclude=("*.log",))
    write(root / "d0" / "x.log", "noise")
    assert one(root, "/d0", exclude=("*.log",)) == before
    write(root / "d0" / "x.txt", "signal")
    assert one(root, "/d0", exclude=("*.log",)) != before


def test_only_included_files_and_their_parents_count(root: Path) -> None:
    folder(root / "d0" / "sub")
    write(root / "d0" / "sub" / "x.txt", "signal")
    before = one(root, "/d0", include=("**/*.txt",))
    write(root / "d0" / "abc", "noise")
    assert one(root, "/d0", include=("**/*.txt",)) == before
    (root / "d0" / "sub").chmod(0o700)
    assert one(root, "/d0", include=("**/*.txt",)) != before


def test_an_exclusion_below_an_excluded_directory_is_taken_back(root: Path) -> None:
    folder(root / "d0" / "sub")
    write(root / "d0" / "sub" / "keep", "1")
    patterns = ("sub", "!sub/keep")
    before = one(root, "/d0", exclude=patterns)
    write(root / "d0" / "sub" / "drop", "2")
    assert one(root, "/d0", exclude=patterns) == before
    write(root / "d0" / "sub" / "keep", "3")
    assert one(root, "/d0", exclude=patterns) != before


def test_an_excluded_directory_that_no_include_names_stays_excluded(root: Path) -> None:
    folder(root / "d0" / "sub")
    write(root / "d0" / "sub" / "x.txt", "1")
    filters = {"include": ("**/*.txt",), "exclude": ("sub",)}
    assert one(root, "/d0", **filters) == Digest.of(b""), "nothing is let through"


def test_filters_are_relative_to_what_a_wildcard_matched(root: Path) -> None:
    before = one(root, "d?", wildcard=True, exclude=("abc",))
    write(root / "d0" / "abc", "other")
    assert one(root, "d?", wildcard=True, exclude=("abc",)) == before


def test_a_directory_deeper_than_python_s_stack_is_hashed(tmp_path: Path) -> None:
    path = str(tmp_path)
    for _ in range(1200):
        path += "/d"
        os.mkdir(path)
    try:
        content_hash(tmp_path, [])
        one(tmp_path, "/d", exclude=("x",))
    finally:
        remove_tree(tmp_path / "d")


def test_the_root_of_a_received_tree_counts_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    tmp_path.chmod(0o755)
    before = content_hash(tmp_path, []), content_hash(tmp_path, [], received=True)
    tmp_path.chmod(0o700)
    assert content_hash(tmp_path, []) != before[0]
    assert content_hash(tmp_path, [], received=True) == before[1] != before[0]
