"""head-manifest-without-content-length-or-type."""

from __future__ import annotations

from regdoctor.observations.host import AskedClients
from regdoctor.observations.store import HOST
from tests.fixtures.scenes import found, manifest_answer, manifest_seen
from tests.fixtures.scenes.images import OCI, head

CODE = "head-manifest-without-content-length-or-type"
GOT = manifest_answer("GET", 200, ("Content-Length", "100"), kind=OCI)


def test_fires_for_a_type_that_is_missing() -> None:
    seen = manifest_seen(head(kind=""), GOT)
    finding = found(seen)[CODE]
    assert (finding.severity, finding.confidence) == ("warning", "certain")
    seen.add(HOST, AskedClients(("docker",)))
    assert found(seen)[CODE].severity == "error"


def test_fires_for_a_length_that_is_missing_or_nothing() -> None:
    for length in ("", "0"):
        finding = found(manifest_seen(head(length=length), GOT))[CODE]
        assert "Content-Length" in finding.title
        assert finding.confidence == "likely"


def test_quiet_where_only_the_digest_is_missing() -> None:
    """Clients make it of what GET gives."""
    assert found(manifest_seen(head(digest=""), GOT)) == {}


def test_quiet_for_a_head_that_is_refused() -> None:
    assert CODE not in found(manifest_seen(manifest_answer("HEAD", 404), GOT))
