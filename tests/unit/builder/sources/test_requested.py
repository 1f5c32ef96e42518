"""What an http source op asks for."""

from __future__ import annotations

import pytest

from builder.oci.digest import Digest
from builder.sources.errors import SourceError
from builder.sources.requested import Requested, parse_time, safe_name, without_credentials


def test_attributes_become_a_request() -> None:
    wanted = Requested.of(
        "https://h/f",
        {
            "http.checksum": str(Digest.of(b"x")),
            "http.filename": "g",
            "http.perm": "0640",
            "http.uid": "5",
            "http.gid": "0x10",
            "http.authheadersecret": "S",
            "http.header.user-agent": "me",
            "http.header.accept": "text/plain",
            "http.header.cookie": "dropped",
        },
    )
    assert wanted == Requested(
        "https://h/f",
        Digest.of(b"x"),
        "g",
        0o640,
        5,
        16,
        "S",
        (("Accept", "text/plain"), ("User-Agent", "me")),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("http.perm", "rw"),
        ("http.uid", "-1"),
        ("http.gid", "99999999999999999999"),
        ("http.checksum", "md5:abc"),
        ("http.sig.pubkey", "key"),
    ],
)
def test_an_attribute_that_makes_no_sense_is_refused(name: str, value: str) -> None:
    with pytest.raises(SourceError, match=name):
        Requested.of("https://h/f", {name: value})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a", "a"),
        (" a/b ", "b"),
        ("a/", "a"),
        ("", "download"),
        ("/", "download"),
        ("x/..", "download"),
        (".", "download"),
        ("a\nb", "download"),
        ("a\x85b", "download"),
    ],
)
def test_a_name_is_one_part_of_a_path(text: str, name: str) -> None:
    assert safe_name(text) == name


def test_requests_whose_answers_differ_have_other_digests() -> None:
    requests = [
        Requested("https://h/f"),
        Requested("https://h/f", filename="g"),
        Requested("https://h/f", perm=0o644),
        Requested("https://h/f", auth_secret="S"),
        Requested("https://h/f", headers=(("Accept", "x"),)),
    ]
    assert len({request.digest for request in requests}) == len(requests)


def test_dates_of_http() -> None:
    dates = [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ]
    times = {parse_time(text) for text in dates}
    assert {time.timestamp() for time in times if time} == {784111777.0}
    assert parse_time("yesterday") is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h/f?x=1", "https://h/f?x=1"),
        ("https://me:hunter2@h:1/f", "https://xxxxx:xxxxx@h:1/f"),
        ("https://t0ken@h/f", "https://xxxxx@h/f"),
    ],
)
def test_a_url_is_shown_without_its_login(url: str, shown: str) -> None:
    assert without_credentials(url) == shown
