"""unexpected-commit-digest."""

from __future__ import annotations

from regdoctor.observations.images import BlobAgain
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import HTTPS, answer, found, manifest_answer
from tests.fixtures.scenes.images import BLOB, blob_seen, digest_seen

CODE = "unexpected-commit-digest"


def damaged(*again: str) -> Observations:
    seen = blob_seen(answer(), error="digest", what="digest", expected=BLOB, got="sha256:1")
    for number, got in enumerate(again):
        seen.add(HTTPS, BlobAgain(BLOB, got, 7), name=f"{BLOB} {number}")
    return seen


def test_fires_and_blames_a_cache_where_the_bytes_are_always_the_same() -> None:
    finding = found(damaged("sha256:1", "sha256:1"))[CODE]
    assert "the same each of 3 times" in finding.title
    assert finding.severity == "error"


def test_fires_and_blames_the_way_where_they_vary() -> None:
    assert "others each time" in found(damaged("sha256:2", BLOB))[CODE].title


def test_fires_for_a_manifest() -> None:
    got = manifest_answer("GET", 200)
    seen = digest_seen(got, received=100, what="digest", expected="sha256:a", got="sha256:b")
    assert "the manifest" in found(seen)[CODE].title


def test_quiet_for_another_length() -> None:
    seen = blob_seen(answer(), error="length", what="length", expected="10", got="7")
    assert CODE not in found(seen)


def test_quiet_for_a_page_in_place_of_the_bytes() -> None:
    page = answer(kind="text/html")
    seen = blob_seen(page, error="digest", what="digest", expected=BLOB, got="sha256:1")
    assert set(found(seen)) == {"blob-unexpected-answer"}
