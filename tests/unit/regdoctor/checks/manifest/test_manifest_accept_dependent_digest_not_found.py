"""manifest-accept-dependent-digest-not-found."""

from __future__ import annotations

from tests.fixtures.scenes import found, manifest_answer
from tests.fixtures.scenes.images import DIGEST, digest_seen, served

CODE = "manifest-accept-dependent-digest-not-found"


def test_fires_where_head_names_a_digest_that_get_does_not_find() -> None:
    finding = found(digest_seen(manifest_answer("GET", 404)))[CODE]
    assert finding.breaks == ("buildkit", "containerd", "regdoctor")
    assert finding.severity == "error"
    assert DIGEST[:19] in finding.title


def test_quiet_for_a_digest_that_is_there() -> None:
    assert found(digest_seen(manifest_answer("GET", 200), received=100)) == {}


def test_quiet_for_another_digest_than_the_tags() -> None:
    """A manifest that an index names is another finding's."""
    other = "sha256:" + "c" * 64
    assert CODE not in found(digest_seen(manifest_answer("GET", 404), digest=other))


def test_quiet_where_the_digest_was_not_asked_for() -> None:
    assert found(served()) == {}
