"""failed-size-validation."""

from __future__ import annotations

from tests.fixtures.scenes import answer, found, manifest_answer
from tests.fixtures.scenes.images import blob_seen, digest_seen, served

CODE = "failed-size-validation"


def test_fires_for_a_manifest_of_another_length() -> None:
    got = manifest_answer("GET", 200, ("Content-Encoding", "gzip"))
    seen = digest_seen(got, received=90, what="digest", expected="sha256:a", got="sha256:b")
    finding = found(seen)[CODE]
    assert "90 bytes" in finding.title
    assert "100" in finding.title
    assert any("Content-Encoding: gzip" in each.fact for each in finding.evidence)


def test_fires_for_a_wrong_content_length_of_head() -> None:
    got = manifest_answer("GET", 200)
    seen = digest_seen(got, received=100, what="length", expected="9999", got="100")
    assert "whose size is 9999" in found(seen)[CODE].title


def test_fires_for_a_blob() -> None:
    seen = blob_seen(answer(), error="length", what="length", expected="10", got="7")
    assert set(found(seen)) == {CODE}


def test_quiet_for_other_bytes_of_the_same_length() -> None:
    seen = blob_seen(answer(), error="digest", what="digest", expected="a", got="b")
    assert CODE not in found(seen)
    got = manifest_answer("GET", 200)
    assert CODE not in found(digest_seen(got, received=100, what="digest", expected="a", got="b"))


def test_quiet_for_what_arrives() -> None:
    assert found(blob_seen(answer(), served())) == {}
