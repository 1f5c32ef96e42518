"""Paths and patterns inside a tree."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.snapshot.paths import (
    PathError,
    clean,
    glob_regex,
    has_wildcard,
    read_regular,
    resolve_wildcards,
    root_path,
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/f.txt").touch()
    (tmp_path / "a/b/g.txt").touch()
    (tmp_path / "abs").symlink_to("/a")
    (tmp_path / "out").symlink_to("../../../../a/b")
    (tmp_path / "a/loop").symlink_to("loop")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/", ""),
        ("/a/b", "/a/b"),
        ("/../../a", "/a"),
        ("/abs/f.txt", "/a/f.txt"),
        ("/out/g.txt", "/a/b/g.txt"),
        ("/a/b/../../../../x", "/x"),
        ("/abs/new/file", "/a/new/file"),
    ],
)
def test_links_and_dots_stay_inside_the_root(tree: Path, path: str, wanted: str) -> None:
    assert root_path(str(tree), path) == f"{tree}{wanted}"


def test_the_last_link_is_kept_when_asked(tree: Path) -> None:
    assert root_path(str(tree), "/abs", follow_last=False) == f"{tree}/abs"


def test_a_loop_of_links_ends_in_an_error(tree: Path) -> None:
    with pytest.raises(PathError):
        root_path(str(tree), "/a/loop")


@given(st.lists(st.sampled_from(["..", ".", "a", "b", "abs", "out", ""]), max_size=8))
def test_no_path_leaves_the_root(parts: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        os.symlink("/..", f"{name}/out")
        os.symlink("../..", f"{name}/abs")
        found = root_path(name, "/".join(parts))
        assert found == name or found.startswith(name + "/")
        assert ".." not in found[len(name) :].split("/")


@pytest.mark.parametrize(
    ("path", "wanted"),
    [("a", "/a"), ("a/", "/a/"), ("/", "/"), ("./a/..", "/"), ("a/.", "/a/."), ("../x", "/x")],
)
def test_a_trailing_slash_survives_cleaning(path: str, wanted: str) -> None:
    assert clean(path) == wanted


@pytest.mark.parametrize(
    ("pattern", "name", "wanted"),
    [
        ("*.txt", "f.txt", True),
        ("*.txt", "a/f.txt", False),
        ("?", "é", True),
        ("[a-c]x", "bx", True),
        ("[^a-c]x", "bx", False),
        ("[^a]", "/", False),
        (r"\*", "*", True),
        (r"\*", "x", False),
        ("[]a]", "a", None),
        ("[a", "a", None),
        ("a\\", "a", None),
    ],
)
def test_patterns_match_as_go_s_do(pattern: str, name: str, wanted: bool | None) -> None:
    if wanted is None:
        with pytest.raises(PathError):
            glob_regex(pattern)
    else:
        assert (glob_regex(pattern).fullmatch(name) is not None) is wanted


def test_a_wildcard_names_matches_in_order_and_does_not_enter_them(tree: Path) -> None:
    assert resolve_wildcards(str(tree), "/a/*", follow_links=True) == [
        "/a/b",
        "/a/f.txt",
        "/a/loop",
    ]
    assert resolve_wildcards(str(tree), "/*/b/*.txt", follow_links=True) == ["/a/b/g.txt"]
    assert resolve_wildcards(str(tree), "/a/*.none", follow_links=True) == []
    assert resolve_wildcards(str(tree), "/a/x", follow_links=True) == ["/a/x"]


def test_an_escaped_star_is_no_wildcard() -> None:
    assert has_wildcard("a*")
    assert not has_wildcard(r"a\*")


def test_a_fifo_in_the_place_of_a_file_is_not_waited_for(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    assert read_regular(str(tree), "/pipe") is None
    assert read_regular(str(tree), "/nothing") is None
    (tree / "a/f.txt").write_text("text")
    assert read_regular(str(tree), "/abs/f.txt", 3) == b"tex"


def test_a_directory_in_the_place_of_a_file_is_no_file_and_is_closed(tree: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    assert read_regular(str(tree), "/a/b") is None
    assert len(os.listdir("/proc/self/fd")) == before


def _go_match(pattern: str, name: str) -> bool:
    """``*`` and letters only, by trying everything."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return _go_match(pattern[1:], name) or (
            name[:1] not in ("", "/") and _go_match(pattern, name[1:])
        )
    return name[:1] == pattern[0] and _go_match(pattern[1:], name[1:])


@given(st.text("ab/*", max_size=8), st.text("ab/", max_size=8))
def test_stars_match_what_go_matches(pattern: str, name: str) -> None:
    assert bool(glob_regex(pattern).fullmatch(name)) == _go_match(pattern, name)


def test_no_pattern_takes_long() -> None:
    assert glob_regex("*a" * 50 + "b").fullmatch("a" * 250) is None
    assert glob_regex("*a" * 50).fullmatch("a" * 250) is not None
