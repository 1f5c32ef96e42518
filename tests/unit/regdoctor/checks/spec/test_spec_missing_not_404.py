"""spec-missing-not-404."""

from __future__ import annotations

import pytest

from regdoctor.observations.images import QuestionName
from tests.fixtures.scenes import answer, found, manifest_answer, manifest_seen
from tests.fixtures.scenes.images import asked_seen, blob_seen, mirror_seen, served

CODE = "spec-missing-not-404"


@pytest.mark.parametrize(
    ("question", "method", "status"),
    [
        ("missing-tag", "HEAD", 403),
        ("missing-tag", "HEAD", 500),
        ("missing-blob", "HEAD", 200),
        ("missing-digest", "GET", 400),
    ],
)
def test_fires_for_anything_else(question: QuestionName, method: str, status: int) -> None:
    seen = asked_seen(served(), question, answer(method, "/v2/x", status))
    finding = found(seen)[CODE]
    assert str(status) in finding.title
    assert finding.severity == "warning"


@pytest.mark.parametrize("status", [404, 401, 429])
def test_quiet_for_404_and_for_what_says_nothing(status: int) -> None:
    seen = asked_seen(served(), "missing-tag", answer("HEAD", "/v2/x", status))
    assert found(seen) == {}


def test_quiet_for_a_cache_that_fails_on_a_digest_it_cannot_have() -> None:
    seen = asked_seen(served(), "missing-digest", answer("GET", "/v2/x", 500))
    assert found(seen) == {}


def test_quiet_for_a_mirror() -> None:
    seen = asked_seen(
        mirror_seen(manifest_answer("HEAD", 200)), "missing-tag", answer("HEAD", "/v2/x", 500)
    )
    assert found(seen) == {}


def test_quiet_where_head_fails_for_what_is_there_as_well() -> None:
    refused = manifest_seen(manifest_answer("HEAD", 405), manifest_answer("GET", 200))
    seen = asked_seen(refused, "missing-tag", answer("HEAD", "/v2/x", 405))
    assert CODE not in found(seen)


def test_quiet_where_blobs_that_are_there_fail_as_well() -> None:
    broken = answer("GET", "/v2/team/app/blobs/x", 500)
    seen = asked_seen(
        blob_seen(broken, error="status 500"), "missing-blob", answer("HEAD", "/v2/x", 500)
    )
    assert set(found(seen)) == {"blob-unexpected-answer"}
