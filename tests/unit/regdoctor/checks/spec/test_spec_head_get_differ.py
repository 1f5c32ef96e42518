"""spec-head-get-differ."""

from __future__ import annotations

from regdoctor.observations.http import Answer
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import found, manifest_answer
from tests.fixtures.scenes.images import DIGEST, OCI, asked_seen, digest_seen

CODE = "spec-head-get-differ"
GOT = manifest_answer("GET", 200, ("Docker-Content-Digest", DIGEST), kind=OCI)


def both(head: Answer) -> Observations:
    return asked_seen(digest_seen(GOT, received=100), "digest-head", head)


def head(status: int = 200, *fields: tuple[str, str], kind: str = OCI) -> Answer:
    return manifest_answer("HEAD", status, *fields, kind=kind)


def test_fires_for_status_type_length_and_digest() -> None:
    assert "status 404 and 200" in found(both(head(404)))[CODE].title
    assert "type text/plain" in found(both(head(kind="text/plain")))[CODE].title
    assert "length 7 and 100" in found(both(head(200, ("Content-Length", "7"))))[CODE].title
    other = ("Docker-Content-Digest", "sha256:" + "c" * 64)
    assert "digest" in found(both(head(200, other)))[CODE].title


def test_quiet_where_they_agree() -> None:
    same = head(200, ("Content-Length", "100"), ("Docker-Content-Digest", DIGEST))
    assert found(both(same)) == {}


def test_quiet_where_a_header_is_only_missing() -> None:
    assert found(both(head())) == {}
