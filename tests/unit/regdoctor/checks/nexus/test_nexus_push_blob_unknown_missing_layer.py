"""nexus-push-blob-unknown-missing-layer."""

from __future__ import annotations

from tests.fixtures.scenes import answer, found
from tests.fixtures.scenes.push import NEXUS, errors, push_seen, said, stored

CODE = "nexus-push-blob-unknown-missing-layer"


UNKNOWN = said("PUT", 400, body=errors("BLOB_UNKNOWN"))
BOTH = dict.fromkeys(("oci-image", "docker-image"), UNKNOWN)
NAMED = answer("GET", "/v2/", 200, NEXUS)


def test_fires_where_a_blob_is_shown_and_its_manifest_is_not_taken() -> None:
    findings = found(push_seen(stored(BOTH), ping=NAMED))
    assert set(findings) == {CODE}
    assert "hosted repository" in findings[CODE].fixes[0].title


def test_quiet_for_another_registry_and_for_another_refusal() -> None:
    assert set(found(push_seen(stored(BOTH)))) == {"push-unexpected-answer"}
    other = dict.fromkeys(("oci-image", "docker-image"), said("PUT", 400))
    assert CODE not in found(push_seen(stored(other), ping=NAMED))
