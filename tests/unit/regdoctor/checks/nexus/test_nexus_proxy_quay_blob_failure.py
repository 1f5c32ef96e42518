"""nexus-proxy-quay-blob-failure."""

from __future__ import annotations

import pytest

from regdoctor.observations.http import BlobLook
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import (
    HTTPS,
    answer,
    found,
    manifest_answer,
    manifest_seen,
    questions,
)

CODE = "nexus-proxy-quay-blob-failure"


NEXUS = ("Server", "Nexus/3.90.2-06 (COMMUNITY)")
DIGEST = "sha256:" + "1" * 64


def blob(status: int, *headers: tuple[str, str], redirected: str = "") -> Observations:
    """A manifest that is served, and a blob of it that is not."""
    seen = manifest_seen(manifest_answer("HEAD", 200, *headers), None)
    got = answer("GET", f"/v2/team/app/blobs/{DIGEST}", status, *headers)
    seen.add(HTTPS, BlobLook(DIGEST, got, redirected, "not found"), name=DIGEST)
    return seen


@pytest.mark.parametrize("status", [404, 500, 502])
def test_fires_for_a_nexus_and_leaves_the_question_open(status: int) -> None:
    seen = blob(status, NEXUS)
    assert set(found(seen)) == {CODE}
    assert found(seen)[CODE].confidence == "likely"
    assert CODE in questions(seen)


def test_quiet_for_another_registry_and_for_a_storage_that_was_redirected_to() -> None:
    assert set(found(blob(404))) == {"blob-unexpected-answer"}
    elsewhere = blob(404, NEXUS, redirected="https://storage.example/blob")
    assert CODE not in found(elsewhere)


def test_quiet_where_the_nexus_had_no_manifest_either() -> None:
    seen = blob(404, NEXUS)
    missing = manifest_answer("HEAD", 404, NEXUS)
    assert found(manifest_seen(missing, None, seen=seen)) == {}
