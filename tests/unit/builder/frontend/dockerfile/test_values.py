"""Small languages inside instructions: git URLs, ports, owners, mounts; none may explode."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.frontend.dockerfile.dispatch_copy import _base_name
from builder.frontend.dockerfile.duration import parse_duration
from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.gitref import parse_git_ref
from builder.frontend.dockerfile.lint import Linter
from builder.frontend.dockerfile.mounts import parse_mount, source_of
from builder.frontend.dockerfile.owners import chown_option, mode_option
from builder.frontend.dockerfile.paths import clean, contains_wildcards, join, normalized
from builder.frontend.dockerfile.ports import parse_ports
from builder.frontend.dockerfile.signals import check_signal
from builder.llb.ops import ChownOpt, NamedUserOpt, UserOpt


@pytest.mark.parametrize(
    ("text", "remote", "ref", "subdir"),
    [
        ("https://h/o/r.git", "https://h/o/r.git", "", ""),
        ("https://u:p@h:8/r.git#v1:a/b", "https://u:p@h:8/r.git", "v1", "a/b"),
        ("git@h:o/r.git#main", "git@h:o/r.git", "main", ""),
        ("ssh://git@h/r#:sub", "ssh://git@h/r", "", "sub"),
        ("git://h/r?tag=v1", "git://h/r", "refs/tags/v1", ""),
        ("https://h/r.git?commit=abc", "https://h/r.git", "", ""),
    ],
)
def test_a_git_reference_is_taken_apart(text: str, remote: str, ref: str, subdir: str) -> None:
    found = parse_git_ref(text)
    assert found is not None
    assert (found.remote, found.ref, found.subdir) == (remote, ref, subdir)


@pytest.mark.parametrize(
    "text", ["a", "./git@h:x", "https://h/x.tar", "C:/x", "h:x", "ftp://h/r.git", "http://[/r.git"]
)
def test_what_is_no_git_reference(text: str) -> None:
    assert parse_git_ref(text) is None


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("ref=", 'query "ref" has no value'),
        ("ref=a&ref=b", 'query "ref" has multiple values'),
        ("tag=a&branch=b", "branch conflicts with tag"),
        ("ref=a&tag=b", 'ref conflicts: "a" vs "refs/tags/b"'),
        ("submodules=maybe", 'invalid submodules value: "maybe"'),
    ],
)
def test_a_git_query_that_means_nothing_is_refused(query: str, message: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        parse_git_ref(f"https://h/r.git?{query}")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://h/a/b.txt?x=1", "b.txt"),
        ("https://h/a%20b", "a b"),
        ("https://h", "__unnamed__"),
        ("https://h/", "__unnamed__"),
        ("http://[/x", "__unnamed__"),
    ],
)
def test_a_download_is_named_by_its_path(url: str, name: str) -> None:
    assert _base_name(url) == name


def test_owners_are_ids_or_names() -> None:
    named = UserOpt(NamedUserOpt("www"))
    assert chown_option("5") == ChownOpt(UserOpt(5), None)
    assert chown_option("root:www") == ChownOpt(UserOpt(0), named)
    assert chown_option("www:7") == ChownOpt(named, UserOpt(7))


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("", (-1, "")),
        ("755", (0o755, "")),
        ("07777", (0o7777, "")),
        ("u=rwX,go=rX", (0, "u=rwX,go=rX")),
        ("a+x", (0, "a+x")),
    ],
)
def test_modes_are_octal_or_symbolic(text: str, mode: tuple[int, str]) -> None:
    assert mode_option(text) == mode


@pytest.mark.parametrize("text", ["8", "10000", "u", "rw", "+q", "-1", "u+x,"])
def test_what_is_no_mode_is_refused(text: str) -> None:
    why = "invalid chmod parameter" if text.isdigit() else "invalid syntax"
    with pytest.raises(DockerfileError, match=why) as caught:
        mode_option(text)
    assert text in caught.value.hint


@pytest.mark.parametrize("text", ["9", "SIGTERM", "term", "SIGRTMIN+3", "RTMAX-14"])
def test_signals_are_names_or_numbers(text: str) -> None:
    check_signal(text)


@pytest.mark.parametrize("text", ["0", "SIGNO", "", "RTMIN+16"])
def test_what_is_no_signal_is_refused(text: str) -> None:
    with pytest.raises(DockerfileError, match="invalid signal"):
        check_signal(text)


def test_paths_are_cleaned_as_in_go() -> None:
    assert [clean(p) for p in ("", "//a//b/", "a/../..", "/..")] == [".", "/a/b", "..", "/"]
    assert join("/", "", "a", "../b") == "/b"
    assert join("", "") == ""
    assert normalized("/w", "./x/.", keep_slash=True) == "/w/x/."
    assert normalized("/w", "", keep_slash=True) == "/w/"
    assert contains_wildcards("a\\*b[") is True
    assert contains_wildcards("a\\*b") is False


def test_a_mount_value_is_a_line_of_csv() -> None:
    mount = parse_mount('type=cache,"target=/a,b",uid=1', str)
    assert (mount.target, mount.uid, mount.readonly) == ("/a,b", 1, False)
    assert source_of("type=bind,from=x,target=$y") == "x"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("64m", 64 << 20),
        ("1.5GiB", 3 << 29),
        ("2KB", 2048),
        (".5k", 512),
        ("5 m", 5 << 20),
        ("1e3", 1000),
        ("0x1p4", 16),
        ("7b", 7),
        ("1e40", -(1 << 63)),
    ],
)
def test_sizes_are_those_of_go_units(text: str, size: int) -> None:
    assert parse_mount(f"type=tmpfs,target=/x,size={text}", str).size == size


@pytest.mark.parametrize("text", ["", "m", "-1", "1x", "1kk", "1 2", "1e999", "0x1p9999", "inf 1"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(DockerfileError, match=f"invalid value for size: {text}$"):
        parse_mount(f"type=tmpfs,target=/x,size={text}", str)


@given(st.text(max_size=40))
def test_no_value_of_any_kind_raises_anything_else(text: str) -> None:
    readers = (
        lambda: parse_mount(text, str),
        lambda: parse_mount(f"type={text}", str),
        lambda: parse_mount(f"type=tmpfs,target=/x,size={text}", str),
        lambda: source_of(text),
        lambda: parse_git_ref(f"https://{text}"),
        lambda: parse_git_ref(f"https://h/r.git?{text}"),
        lambda: parse_ports(text, Linter(), ()),
        lambda: chown_option(text),
        lambda: mode_option(text),
        lambda: check_signal(text),
        lambda: parse_duration(text),
        lambda: _base_name(f"http://{text}"),
    )
    for read in readers:
        with suppress(DockerfileError):
            read()
