"""spec-manifest-compressed."""

from __future__ import annotations

from tests.fixtures.scenes import found, manifest_answer
from tests.fixtures.scenes.images import asked_seen, served

CODE = "spec-manifest-compressed"


def test_fires_as_a_note_for_a_packed_manifest() -> None:
    packed = manifest_answer("GET", 200, ("Content-Encoding", "gzip"))
    assert found(asked_seen(served(), "digest-gzip", packed))[CODE].severity == "info"


def test_quiet_for_a_plain_one() -> None:
    for fields in ((), (("Content-Encoding", "identity"),)):
        plain = manifest_answer("GET", 200, *fields)
        assert found(asked_seen(served(), "digest-gzip", plain)) == {}
