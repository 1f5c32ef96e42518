"""index-names-missing-manifest."""

from __future__ import annotations

from tests.fixtures.scenes import found, manifest_answer
from tests.fixtures.scenes.images import digest_seen, index_seen

CODE = "index-names-missing-manifest"
CHILD = f"sha256:{0:064}"


def test_fires_for_a_manifest_of_an_index_that_is_not_there() -> None:
    seen = digest_seen(manifest_answer("GET", 404), index_seen("linux/amd64"), digest=CHILD)
    finding = found(seen)[CODE]
    assert "linux/amd64" in finding.title
    assert finding.severity == "error"


def test_quiet_for_a_manifest_that_is_there() -> None:
    seen = digest_seen(manifest_answer("GET", 200), index_seen("linux/amd64"), digest=CHILD)
    assert found(seen) == {}


def test_quiet_for_the_digest_of_the_tag_itself() -> None:
    seen = digest_seen(manifest_answer("GET", 404), index_seen("linux/amd64"))
    assert CODE not in found(seen)
