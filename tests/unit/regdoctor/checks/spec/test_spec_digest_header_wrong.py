"""spec-digest-header-wrong."""

from __future__ import annotations

from regdoctor.observations.store import Observations
from tests.fixtures.scenes import answer, found, manifest_answer
from tests.fixtures.scenes.images import DIGEST, asked_seen, digest_seen

CODE = "spec-digest-header-wrong"


def told(digest: str) -> Observations:
    got = manifest_answer("GET", 200, *([("Docker-Content-Digest", digest)] if digest else []))
    return asked_seen(digest_seen(got, received=100), "tags", answer(body='{"tags":[]}'))


def test_fires_for_another_digest() -> None:
    assert CODE in found(told("sha256:" + "c" * 64))


def test_quiet_for_the_right_one_none_or_one_of_another_kind() -> None:
    for digest in (DIGEST, "", "sha512:" + "c" * 128):
        assert found(told(digest)) == {}
