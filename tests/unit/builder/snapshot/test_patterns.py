"""Patterns as moby's matcher reads them."""

from __future__ import annotations

import pytest

from builder.snapshot.paths import PathError
from builder.snapshot.patterns import PatternMatcher


@pytest.mark.parametrize(
    ("patterns", "path", "expected"),
    [
        (["a"], "a", True),
        (["a"], "a/b", True),
        (["a"], "ab", False),
        (["a/"], "a", True),
        (["./a"], "a", True),
        (["*.go"], "x.go", True),
        (["*.go"], "d/x.go", False),
        (["**/*.go"], "d/e/x.go", True),
        (["**/*.go"], "x.go", True),
        (["**"], "any/thing", True),
        (["a/**"], "a/b/c", True),
        (["a/**"], "b", False),
        (["a/**/z"], "a/z", True),
        (["a/**/z"], "a/b/c/z", True),
        (["?"], "a", True),
        (["?"], "/", False),
        (["[a-c]"], "b", True),
        (["[^a-c]"], "b", False),
        (["a.b"], "axb", False),
        (["a+(b)|{c}$"], "a+(b)|{c}$", True),
        ([r"\*"], "*", True),
        ([r"\*"], "x", False),
        (["a", "!a/b"], "a/b", False),
        (["a", "!a/b"], "a/c", True),
        (["!a"], "a", False),
        (["!a", "a"], "a", True),
        (["a", "!a", "a/b"], "a/b", True),
        (["", " "], "a", False),
        (["  a  "], "a", True),
    ],
)
def test_patterns_match_as_in_dockerignore(patterns: list[str], path: str, expected: bool) -> None:
    matcher = PatternMatcher(patterns)
    assert matcher.match(path)[0] is expected
    parent: tuple[bool, ...] = ()
    parts = path.split("/")
    if "" in parts:
        return
    for depth in range(1, len(parts) + 1):
        matched, parent = matcher.match("/".join(parts[:depth]), parent)
    assert matched is expected, "walking down gives the same as asking at once"


@pytest.mark.parametrize("pattern", ["[", "[a", "a\\", "[]"])
def test_bad_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(PathError):
        PatternMatcher([pattern])
