"""nexus-proxy-hides-upstream-error-as-manifest-unknown."""

from __future__ import annotations

from regdoctor.observations.http import Answer, ManifestLook
from regdoctor.observations.network import Role
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import (
    API,
    HTTPS,
    found,
    manifest_answer,
    manifest_seen,
    questions,
    registry_seen,
)

CODE = "nexus-proxy-hides-upstream-error-as-manifest-unknown"


NEXUS = ("Server", "Nexus/3.90.2-06 (COMMUNITY)")
UNKNOWN = manifest_answer("GET", 404, NEXUS, API, body='{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
MIRROR = "https://nexus.example:8082"


def mirrored(unknown: Answer, served: Answer) -> Observations:
    """``team/app:1.0`` asked of a mirror of the registry, then of the registry itself."""
    role = Role("mirror", ("registry.example:5000",), "nexus.example:8082")
    seen = registry_seen(MIRROR, role=role)
    seen.add(MIRROR, ManifestLook("team/app", "1.0", unknown, unknown, "none"), name="team/app:1.0")
    registry_seen(seen=seen)
    seen.add(HTTPS, ManifestLook("team/app", "1.0", served, None, "none"), name="team/app:1.0")
    return seen


def test_fires_where_the_origin_has_what_the_mirror_says_is_unknown() -> None:
    findings = found(mirrored(UNKNOWN, manifest_answer("HEAD", 200)))
    assert set(findings) == {CODE}
    assert findings[CODE].severity == "warning"
    assert "registry.example:5000/team/app:1.0" in findings[CODE].title


def test_quiet_but_for_a_question_where_only_the_nexus_was_asked() -> None:
    seen = manifest_seen(UNKNOWN, UNKNOWN)
    assert set(found(seen)) == {"image-not-found"}
    assert CODE in questions(seen)


def test_quiet_where_the_origin_lacks_it_too_and_for_other_mirrors() -> None:
    assert CODE not in found(mirrored(UNKNOWN, manifest_answer("HEAD", 404)))
    other = manifest_answer("GET", 404, API, body='{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
    assert found(mirrored(other, manifest_answer("HEAD", 200))) == {}
