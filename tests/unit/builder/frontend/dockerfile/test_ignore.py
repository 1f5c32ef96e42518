"""Ignore files: patternmatcher's answers, and a walk that agrees with single questions."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.frontend.dockerfile import IgnoreMatcher, read_patterns
from builder.frontend.dockerfile.errors import IgnorePatternError
from builder.frontend.dockerfile.goregexp import Regexp, match_tokens
from builder.frontend.dockerfile.ignorepattern import Pattern


@pytest.mark.parametrize(
    ("pattern", "path", "ignored"),
    [
        ("**", "file", True),
        ("**", "file/", True),
        ("**/", "dir/file", True),
        ("**/**", "dir/file", True),
        ("dir/**", "dir/file", True),
        ("dir/**", "dir", False),
        ("dir/**", "dir2/file", False),
        ("**/dir2/*", "dir/dir2/file", True),
        ("**/dir2/**", "dir/dir2/dir2/file", True),
        ("**file", "dir/file", True),
        ("**file", "dir/afile", True),
        ("**/file", "dir/afile", False),
        ("**/file", "file", True),
        ("**file*txt", "dir/dir/file.txt", True),
        ("**/**/*.txt", "dir/dir/file.txt", True),
        ("**/**/*.txt2", "dir/dir/file.txt", False),
        ("**/*.txt", "file.txt", True),
        ("a**/*.txt", "a/file.txt", True),
        ("a**/*.txt", "a/dir/file.txt", True),
        ("a[b-d]e", "ae", False),
        ("a[b-d]e", "ace", True),
        ("a[^b-d]e", "aze", True),
        (".*", ".foo", True),
        (".*", "foo", False),
        ("abc.def", "abcdef", False),
        ("abc?def", "abcZdef", True),
        ("abc?def", "abc/def", False),
        ("a\\*b", "a*b", True),
        ("a\\*b", "axb", False),
        ("**/foo/bar", "foo/bar", True),
        ("foo", "foo/bar/baz", True),
        ("a(b)c/def", "a(b)c/def", True),
        ("*", "a/b", True),
        ("*.md", "dir/x.md", False),
        ("./x", "x", True),
        ("x/../y", "y", True),
    ],
)
def test_a_pattern_answers_as_patternmatcher_does(pattern: str, path: str, ignored: bool) -> None:
    assert IgnoreMatcher([pattern]).matches(path) is ignored


@pytest.mark.parametrize(
    ("patterns", "path", "ignored"),
    [
        (["**", "!keep"], "keep", False),
        (["**", "!keep"], "other", True),
        (["docs", "!docs/README.md"], "docs/README.md", False),
        (["docs", "!docs/README.md"], "docs/x", True),
        (["docs", "!docs/a", "docs/a/b"], "docs/a/b", True),
        (["!x", "x"], "x", True),
        (["x", "!x/y"], "x/y/z", False),
        (["*", "!a", "!b/c"], "b/d", True),
    ],
)
def test_the_last_match_wins(patterns: list[str], path: str, ignored: bool) -> None:
    assert IgnoreMatcher(patterns).matches(path) is ignored


def test_the_root_is_never_ignored() -> None:
    assert not IgnoreMatcher(["**"]).matches(".")
    assert not IgnoreMatcher(["**"]).matches("")


def test_an_ignore_file_is_cleaned() -> None:
    source = b"\xef\xbb\xbf# comment\n\n  /abs/./x/ \n! /keep \n #kept\n*.o\r\n!\n"
    assert read_patterns(source) == ("abs/x", "!keep", "#kept", "*.o", "!")


@pytest.mark.parametrize("pattern", ["[", "[a", "a[]", "[-]", "a\\", "[a-", "!"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(IgnorePatternError):
        IgnoreMatcher([pattern])


@pytest.mark.parametrize("pattern", ["[b-a]", "\\8", "a{2}{3}*", "|{2}*", "x[[:no:]]", "a{1001}*"])
def test_what_only_its_use_shows_to_be_no_pattern(pattern: str) -> None:
    matcher = IgnoreMatcher([pattern])
    with pytest.raises(IgnorePatternError, match="syntax error in pattern"):
        matcher.matches("a")


def test_a_directory_is_skipped_only_where_nothing_can_come_back() -> None:
    assert IgnoreMatcher(["node_modules"]).may_skip("node_modules")
    keep = IgnoreMatcher(["a", "!a/b/c"])
    assert not keep.may_skip("a")
    assert not keep.may_skip("a/b")
    assert keep.may_skip("a/x")
    assert keep.may_skip("other")
    assert not IgnoreMatcher(["a", "!**/keep"]).may_skip("a")


NAMES = st.sampled_from(["a", "b", "ab", "a.b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
PATTERN = st.builds(
    lambda bang, parts: bang + "/".join(parts),
    st.sampled_from(["", "", "!"]),
    st.lists(
        st.sampled_from(["a", "b", "*", "**", "a*", "?", "[ab]", "**a", "*.b"]),
        min_size=1,
        max_size=4,
    ),
)


def walked(matcher: IgnoreMatcher, path: str) -> list[bool]:
    """Whether each step down to ``path`` is ignored, as a walk finds it."""
    state, out = matcher.root(), []
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        ignored, state = matcher.enter("/".join(parts[:depth]), state)
        out.append(ignored)
    return out


@given(st.lists(PATTERN.map(lambda p: p.removeprefix("!")), max_size=4), PATHS)
def test_a_walk_agrees_with_single_questions(patterns: list[str], path: str) -> None:
    matcher = IgnoreMatcher(patterns)
    parts = path.split("/")
    heads = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    assert walked(matcher, path) == [matcher.matches(head) for head in heads]


@given(st.lists(PATTERN, max_size=4), PATHS)
def test_nothing_below_a_skipped_directory_is_kept(patterns: list[str], path: str) -> None:
    matcher = IgnoreMatcher(patterns)
    found = walked(matcher, path)
    parts = path.split("/")
    for depth, ignored in enumerate(found, 1):
        if ignored and matcher.may_skip("/".join(parts[:depth])):
            assert all(found[depth:])


@pytest.mark.parametrize(
    ("patterns", "path", "found"),
    [
        (["a", "!a/b"], "a/b/c", [True, False, False]),
        (["a", "!a/b", "a/b/c"], "a/b/c", [True, False, True]),
        (["*", "!a"], "a/b", [False, False]),
        # A walk does not look again at what it passed over: "!a" said nothing about a, which
        # was not ignored, so it does not bring a/a back. BuildKit's walk answers the same.
        (["a/a", "!a"], "a/a", [False, True]),
    ],
)
def test_a_walk_remembers_what_its_parents_matched(
    patterns: list[str], path: str, found: list[bool]
) -> None:
    assert walked(IgnoreMatcher(patterns), path) == found


@given(PATTERN, PATHS)
def test_both_ways_of_matching_agree(pattern: str, path: str) -> None:
    compiled = Pattern(pattern.removeprefix("!")).compiled
    if isinstance(compiled, Regexp) and compiled.compiled is not None:
        by_tokens = any(match_tokens(tokens, path) for tokens in compiled.alternatives)
        assert by_tokens == compiled.match(path)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("\\d?", "1x", True),
        ("[\\w]", "é", False),
        ("[*]", "[^]", True),
        ("[*]", "*", False),
        ("a^b*", "a^b", False),
        ("[[:alpha:]]", "q", True),
        ("[[:^alpha:]]", "1", True),
        ("a{2}*", "aab", True),
        ("a{2,}?", "aaaab", True),
        ("a{1,2}?", "aaab", False),
        ("a{,2}*", "a{,2}x", True),
        ("a|b*", "axx", True),
        ("a|b*", "xxb", True),
        ("?\\bz", "-z", True),
        ("?\\Bz", "yz", True),
        ("\\x61\\142", "ab", True),
        ("\\pL", "é", True),
        ("\\PL?", "1é", True),
        ("\\Qa*", "a[^/]*$", True),
        ("**/x.y", "ax.y", False),
    ],
)
def test_what_a_regular_expression_makes_of_a_pattern(
    pattern: str, path: str, matches: bool
) -> None:
    assert Pattern(pattern).match(path) is matches


def test_only_the_parts_up_to_the_first_that_is_no_dot_are_checked() -> None:
    assert Pattern("x*\\").text == "x*\\"
    with pytest.raises(IgnorePatternError):
        Pattern("[^b]*\\")


def test_a_pattern_full_of_stars_does_not_hang() -> None:
    started = time.process_time()
    matcher = IgnoreMatcher(["*a" * 20 + "b", "**/a/" * 20 + "b"])
    assert not matcher.matches("a" * 200 + "/" + "a/" * 100 + "c")
    assert time.process_time() - started < 10


@given(st.binary(max_size=80), st.text(max_size=20))
def test_any_bytes_are_patterns_or_raise(data: bytes, path: str) -> None:
    with suppress(IgnorePatternError):
        IgnoreMatcher(read_patterns(data)).matches(path)


@pytest.mark.parametrize("often", ["{0,1000}", "{1000}", "{1000,}"])
def test_repetitions_do_not_hang(often: str) -> None:
    started = time.process_time()
    matcher = IgnoreMatcher([f"[x]{f'a{often}' * 2}b"])
    assert not matcher.matches("x" + "a" * 200)
    assert time.process_time() - started < 10


def test_a_pattern_of_too_many_repetitions_is_refused() -> None:
    with pytest.raises(IgnorePatternError):
        IgnoreMatcher(["[x]" + "a{1000}" * 100]).matches("x")


@pytest.mark.parametrize("end", [b"", b"\n", b"\nb\n"])
def test_a_line_that_buildkit_does_not_read_is_refused(end: bytes) -> None:
    line = b"x" * 65535
    assert read_patterns(line + end)[0] == line.decode()
    with pytest.raises(IgnorePatternError) as caught:
        read_patterns(b"a\n" + line + b"\r" + end, "Dockerfile.dockerignore")
    assert str(caught.value) == (
        "failed parsing Dockerfile.dockerignore: bufio.Scanner: token too long"
    )
