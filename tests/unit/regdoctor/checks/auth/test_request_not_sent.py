"""request-not-sent."""

from __future__ import annotations

from regdoctor.observations.store import Failure
from tests.fixtures.scenes import (
    HTTPS,
    answer,
    found,
    manifest_answer,
    manifest_seen,
    registry_seen,
)

CODE = "request-not-sent"


def test_fires_where_the_credentials_cannot_be_read() -> None:
    seen = registry_seen(ping=answer("GET", "/v2/", 401))
    seen.add(HTTPS, Failure("CredentialUse", "credentials", "config.json: not JSON"))
    finding = found(seen)[CODE]
    assert "config.json: not JSON" in finding.title
    assert finding.breaks == ("regdoctor",)


def test_fires_where_an_image_was_not_even_asked_for() -> None:
    seen = manifest_seen(None, None, error="docker-credential-x: not found")
    assert found(seen)[CODE].subject == "registry.example:5000/team/app:1.0"


def test_told_once_where_both_say_it() -> None:
    asked = registry_seen(ping=answer("GET", "/v2/", 401))
    seen = manifest_seen(None, None, seen=asked, error="config.json: not JSON")
    seen.add(HTTPS, Failure("CredentialUse", "credentials", "config.json: not JSON"))
    assert found(seen)[CODE].subject == "registry.example:5000"


def test_quiet_where_the_registry_serves_anybody() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Failure("CredentialUse", "credentials", "config.json: not JSON"))
    assert found(seen) == {}


def test_quiet_where_the_registry_was_asked() -> None:
    seen = manifest_seen(manifest_answer("HEAD", 404), manifest_answer("GET", 404), error="x")
    assert CODE not in found(seen)


def test_quiet_for_a_fault_of_our_own() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Failure("CredentialUse", "credentials", "KeyError", internal=True))
    assert CODE not in found(seen)
