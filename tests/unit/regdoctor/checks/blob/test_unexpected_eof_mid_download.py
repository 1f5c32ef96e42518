"""unexpected-eof-mid-download."""

from __future__ import annotations

from dataclasses import replace

from regdoctor.observations.images import BlobAgain
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import HTTPS, answer, found
from tests.fixtures.scenes.images import BLOB, blob_seen

CODE = "unexpected-eof-mid-download"
CUT = replace(answer(), fault="read", text="unexpected EOF", seconds=2.0)


def broken_off(*again: BlobAgain) -> Observations:
    seen = blob_seen(CUT, error="unexpected EOF", received=1000)
    for number, each in enumerate(again):
        seen.add(HTTPS, each, name=f"{BLOB} {number}")
    return seen


def test_fires_and_names_a_limit_where_it_is_always_the_same_byte() -> None:
    again = BlobAgain(BLOB, "", 1000, "unexpected EOF", 2.0)
    finding = found(broken_off(again, again))[CODE]
    assert "the same each of 3 times" in finding.title
    assert finding.severity == "error"


def test_fires_as_a_warning_where_it_arrives_when_asked_again() -> None:
    again = BlobAgain(BLOB, BLOB, 2000, "", 2.0)
    assert found(broken_off(again))[CODE].severity == "warning"


def test_quiet_for_an_error_in_place_of_the_blob() -> None:
    refused = answer("GET", "/v2/a/blobs/b", 500)
    assert CODE not in found(blob_seen(refused, error="unexpected status"))
