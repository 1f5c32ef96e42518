"""blob-unexpected-answer."""

from __future__ import annotations

from regdoctor.observations.http import Answer, BlobLook
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import (
    HTTPS,
    answer,
    found,
    manifest_answer,
    manifest_seen,
    registry_seen,
)

CODE = "blob-unexpected-answer"
DIGEST = "sha256:" + "a" * 64


def blob_seen(look: Answer | None, error: str, redirected: str = "") -> Observations:
    seen = manifest_seen(manifest_answer("HEAD", 200), None)
    seen.add(HTTPS, BlobLook(DIGEST, look, redirected, error), name=DIGEST)
    return seen


def test_fires_for_a_blob_that_the_registry_refuses() -> None:
    refused = answer("GET", f"/v2/a/blobs/{DIGEST}", 500)
    finding = found(blob_seen(refused, "unexpected status"))[CODE]
    assert "answers 500" in finding.title
    assert finding.severity == "error"


def test_fires_for_the_storage_that_a_redirect_leads_to() -> None:
    refused = answer("GET", "/bucket", 403, endpoint="https://storage.example")
    seen = blob_seen(refused, "denied", "https://storage.example/bucket")
    assert "storage.example, which answers 403" in found(seen)[CODE].title


def test_fires_for_other_bytes_than_the_digest_says() -> None:
    assert "digest" in found(blob_seen(answer(), "other digest"))[CODE].title


def test_quiet_for_a_blob_that_arrives() -> None:
    assert found(blob_seen(answer(), "")) == {}


def test_quiet_where_no_connection_came_about() -> None:
    """The checks of the host that the redirect names tell of that."""
    failed = Answer("GET", "https://storage.example/b", 0, fault="dns", text="no such host")
    assert CODE not in found(blob_seen(failed, "no such host", "https://storage.example/b"))


def test_quiet_where_the_whole_endpoint_answers_like_that() -> None:
    seen = blob_seen(answer("GET", f"/v2/a/blobs/{DIGEST}", 503), "unexpected status")
    seen = registry_seen(ping=answer("GET", "/v2/", 503), seen=seen)
    assert set(found(seen)) == {"registry-unexpected-answer"}
