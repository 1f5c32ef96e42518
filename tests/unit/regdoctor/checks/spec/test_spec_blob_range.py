"""spec-blob-range."""

from __future__ import annotations

from regdoctor.observations.store import Observations
from tests.fixtures.scenes import answer, found
from tests.fixtures.scenes.images import asked_seen, blob_seen, served

CODE = "spec-blob-range"


def start(status: int, given: str = "", seen: Observations | None = None) -> Observations:
    fields = [("Content-Range", given)] if given else []
    got = answer("GET", "/v2/team/app/blobs/x", status, *fields)
    return asked_seen(served() if seen is None else seen, "layer-start", got)


def test_fires_for_an_error_and_for_another_part() -> None:
    assert "416" in found(start(416))[CODE].title
    assert "another part" in found(start(206, "bytes 100-115/200"))[CODE].title


def test_quiet_for_the_part_and_for_everything() -> None:
    assert found(start(206, "bytes 0-15/200")) == {}
    assert found(start(200)) == {}


def test_quiet_where_no_blob_can_be_had() -> None:
    seen = blob_seen(answer("GET", "/v2/a/blobs/b", 400), error="400")
    assert CODE not in found(start(400, seen=seen))
