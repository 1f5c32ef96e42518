"""url.Parse of Go, for texts that are no URLs."""

from __future__ import annotations

import re

import pytest

from regdoctor.clients.go_urls import GoUrl, NotParsed, parse_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://m:5000/proxy", GoUrl("https", "m:5000", "/proxy")),
        ("HTTP://m", GoUrl("http", "m", "")),
        ("https://[::1]:5000/", GoUrl("https", "[::1]:5000", "/")),
        ("reg.example:5000", GoUrl("reg.example", "", "5000")),
        ("my-reg:5000", GoUrl("my-reg", "", "5000")),
        ("reg.example", GoUrl("", "", "reg.example")),
        ("10.0.0.0/8", GoUrl("", "", "10.0.0.0/8")),
        ("https://u:p@m/x?y#z", GoUrl("https", "m", "/x?y#z", user=True)),
    ],
)
def test_a_text_has_scheme_host_and_rest(text: str, url: GoUrl) -> None:
    assert parse_url(text) == url


def test_the_path_ends_where_query_or_fragment_begins() -> None:
    assert parse_url("https://m/x?y").path == "/x"
    assert parse_url("https://m#z").path == ""


@pytest.mark.parametrize("text", ["10.0.0.1:5000", "[::1]:5000", "my_reg:5000", "1reg:5000"])
def test_a_colon_where_no_scheme_can_end_does_not_parse(text: str) -> None:
    with pytest.raises(NotParsed, match="first path segment"):
        parse_url(text)


def test_a_scheme_is_not_empty() -> None:
    with pytest.raises(NotParsed, match="missing protocol scheme"):
        parse_url("://m")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("https://m:5000x", 'invalid port ":5000x" after host'),
        ("https://m m", 'invalid character " " in host name'),
        ("https://m/%zz", 'invalid URL escape "%zz"'),
        ("https://[::1:5000", "missing ']' in host"),
        ("https://[::1]5000", 'invalid port "5000" after host'),
        ("https://m\n", "invalid control character"),
    ],
)
def test_a_host_a_port_and_an_escape_have_to_be_right(text: str, why: str) -> None:
    with pytest.raises(NotParsed, match=re.escape(why)):
        parse_url(text)


def test_a_host_may_have_an_empty_port_and_be_no_name_at_all() -> None:
    assert parse_url("https://m:").host == "m:"
    assert parse_url("https://").host == ""
    assert parse_url("https://a_b!:1").host == "a_b!:1"
