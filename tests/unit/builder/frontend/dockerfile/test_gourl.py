"""URLs as Go reads and prints them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.frontend.dockerfile import gourl


@pytest.mark.parametrize(
    ("text", "host", "path", "fragment", "printed"),
    [
        ("HTTPS://E/a", "E", "/a", "", "https://E/a"),
        ("https://e/a%20b%2fc#x%20y", "e", "/a b/c", "x y", "https://e/a%20b%2fc"),
        ("https://e/a<b>", "e", "/a<b>", "", "https://e/a%3Cb%3E"),
        ("https://e/a[b]!", "e", "/a[b]!", "", "https://e/a[b]!"),
        ("https://e/é", "e", "/é", "", "https://e/%C3%A9"),
        ("https://u:p%40@e:8/", "e:8", "/", "", "https://u:p%40@e:8/"),
        ("https://u@e", "e", "", "", "https://u@e"),
        ("http://[::1]:80/x", "[::1]:80", "/x", "", "http://[::1]:80/x"),
        ("http://[fe80::1%25en0]/", "[fe80::1%en0]", "/", "", "http://[fe80::1%25en0]/"),
        ("https://e/a?", "e", "/a", "", "https://e/a?"),
        ("https://e/a?b=c", "e", "/a", "", "https://e/a"),
        ("https:///x", "", "/x", "", "https:///x"),
        ("https://", "", "", "", "https:"),
        ("p:q", "", "", "", "p:q"),
        ("a/b", "", "a/b", "", "a/b"),
        ("ssh://e:1:2/x", "e:1:2", "/x", "", "ssh://e:1:2/x"),
    ],
)
def test_a_url_is_taken_apart(text: str, host: str, path: str, fragment: str, printed: str) -> None:
    url = gourl.parse(text)
    assert (url.host, url.path, url.fragment, url.printed) == (host, path, fragment, printed)


@pytest.mark.parametrize(
    "text",
    [
        *("https://e/%zz", "https://e/a#%z", "https://e:x/", "https://e:1:2/", "https://[::1/"),
        *("https://[1.2.3.4]/", "https://a[::1]/", "https://a b/", "https://%41/", "https://u<@e/"),
        *("https://e/\x7f", ":x", "1:b", "https://e%/", "https://[]:/"),
    ],
)
def test_what_go_does_not_read(text: str) -> None:
    with pytest.raises(gourl.UrlError):
        gourl.parse(text)


def test_of_a_query_the_pairs_that_make_no_sense_are_left_out() -> None:
    assert gourl.query_pairs("a=1+2&b&=c&d=%zz&e;f=1&&a=%26") == [
        ("a", "1 2"),
        ("b", ""),
        ("", "c"),
        ("a", "&"),
    ]
    assert gourl.query_is_sound("a=b&c")
    assert not gourl.query_is_sound("a;b")
    assert not gourl.query_is_sound("a=%z")


@given(st.text(max_size=40))
def test_any_text_is_a_url_or_is_not(text: str) -> None:
    with suppress(gourl.UrlError):
        assert gourl.parse(f"https://e/{text}").host == "e"
