"""pull-access-denied-or-not-found."""

from __future__ import annotations

from dataclasses import replace

from regdoctor.observations.http import ManifestLook, TokenAnswer
from regdoctor.observations.network import Role
from tests.fixtures.scenes import (
    HTTPS,
    answer,
    found,
    manifest_answer,
    manifest_seen,
    questions,
    registry_seen,
)

CODE = "pull-access-denied-or-not-found"


def test_fires_for_a_refusal_and_leaves_open_which_it_is() -> None:
    seen = manifest_seen(manifest_answer("HEAD", 401), None)
    finding = found(seen)[CODE]
    assert finding.subject == "registry.example:5000/team/app:1.0"
    assert "anonymously" in finding.title
    assert CODE in questions(seen)


def test_fires_for_403() -> None:
    assert CODE in found(manifest_seen(manifest_answer("HEAD", 403), manifest_answer("GET", 403)))


def test_quiet_where_the_image_is_served() -> None:
    assert found(manifest_seen(manifest_answer("HEAD", 200), None)) == {}


def test_quiet_where_the_image_is_plainly_missing() -> None:
    seen = manifest_seen(manifest_answer("HEAD", 404), manifest_answer("GET", 404))
    assert CODE not in found(seen)


def test_quiet_where_the_refusal_is_a_mirrors() -> None:
    role = Role("mirror", ("docker.io",), "registry.example:5000", (), ("regdoctor",))
    ping = answer("GET", "/v2/", 401, ("WWW-Authenticate", 'Basic realm="m"'))
    seen = registry_seen(ping=ping, role=role)
    look = ManifestLook("team/app", "1.0", manifest_answer("HEAD", 401), None, "none")
    seen.add(HTTPS, look, name="team/app:1.0")
    codes = found(seen)
    assert CODE not in codes
    assert "registry-mirror-needs-auth" in codes


def test_quiet_where_no_token_could_be_had() -> None:
    seen = manifest_seen(manifest_answer("HEAD", 401), None)
    broken = replace(answer("GET", "/token", 0), fault="connect", text="refused")
    seen.add(HTTPS, TokenAnswer("realm", "", broken, granted=False), name="")
    assert CODE not in found(seen)
