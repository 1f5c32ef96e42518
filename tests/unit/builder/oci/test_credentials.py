"""Passwords in URLs, and what is shown in their place."""

from __future__ import annotations

import time

import pytest

from builder.oci.credentials import hide_in, hide_in_file, without_credentials


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        # those of BuildKit's own test
        ("https://host.tld/path.git", "https://host.tld/path.git"),
        ("https://user@host.tld/path.git", "https://xxxxx@host.tld/path.git"),
        ("https://user:password@host.tld/path.git", "https://xxxxx:xxxxx@host.tld/path.git"),
        ("https://:password@host.tld/path.git", "https://:xxxxx@host.tld/path.git"),
        ("https://host.tld/a@b?c=d@e#f@g", "https://host.tld/a@b?c=d@e#f@g"),
        ("https://u:p@ss@host.tld", "https://xxxxx:xxxxx@host.tld"),
        ("ssh://git@host.tld:22/r.git#main:sub", "ssh://xxxxx@host.tld:22/r.git#main:sub"),
        ("https://[::1]:80/a@b", "https://[::1]:80/a@b"),
        # no URL to Go, and a password all the same
        ("https://user:pass/word@host.tld/r.git", "https://xxxxx:xxxxx@host.tld/r.git"),
        ("https://user:p#w@host.tld/r.git", "https://xxxxx:xxxxx@host.tld/r.git"),
        ("git@host.tld:r.git", "git@host.tld:r.git"),
        ("docker-image://alpine@sha256:1", "docker-image://alpine@sha256:1"),
    ],
)
def test_user_and_password_are_masked(url: str, shown: str) -> None:
    assert without_credentials(url) == shown


def test_every_url_of_a_text_is_masked_and_its_lines_stay() -> None:
    text = 'ADD https://u:p@a.example/x "ssh://g@b.example/y" /z@1\nRUN x\n'
    assert hide_in(text) == (
        'ADD https://xxxxx:xxxxx@a.example/x "ssh://g@b.example/y" /z@1\nRUN x\n'
    )
    assert hide_in("x http://u:p/w@h.example/ y") == "x http://xxxxx:xxxxx@h.example/ y"
    assert hide_in("x http://h:$PORT/a@b") == "x http://h:$PORT/a@b"
    assert hide_in_file(b"ADD http://u:p\xff@h/\xfe /\n") == b"ADD http://xxxxx:xxxxx@h/\xfe /\n"


@pytest.mark.parametrize("piece", ["://", "://a:x", "@", "a", "://@", "a://a:1/"])
def test_no_text_takes_long(piece: str) -> None:
    started = time.monotonic()
    hide_in(piece * 200_000)
    without_credentials("x://a:" + piece * 200_000)
    assert time.monotonic() - started < 2
