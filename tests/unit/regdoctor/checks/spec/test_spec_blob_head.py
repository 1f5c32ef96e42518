"""spec-blob-head."""

from __future__ import annotations

from regdoctor.observations.http import Answer
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import answer, found
from tests.fixtures.scenes.images import BLOB, STORAGE, asked_seen, blob_seen, storage_seen

CODE = "spec-blob-head"


def head(status: int = 200, length: str = "7") -> Answer:
    return answer("HEAD", f"/v2/team/app/blobs/{BLOB}", status, ("Content-Length", length))


def asked(given: Answer, seen: Observations | None = None) -> Observations:
    seen = blob_seen(answer(), received=7) if seen is None else seen
    return asked_seen(seen, "blob-head", given, subject=BLOB)


def test_fires_for_an_error_and_for_another_length() -> None:
    assert "404" in found(asked(head(404)))[CODE].title
    assert "9 bytes" in found(asked(head(length="9")))[CODE].title


def test_quiet_for_200_and_the_length() -> None:
    assert found(asked(head())) == {}


def test_quiet_for_a_storage_whose_signed_address_is_for_get() -> None:
    seen = storage_seen(answer(endpoint=STORAGE), received=7)
    assert found(asked(head(403), seen)) == {}


def test_quiet_where_get_fails_as_well() -> None:
    seen = blob_seen(answer("GET", "/v2/a/blobs/b", 404), error="not found")
    assert CODE not in found(asked(head(404), seen))
