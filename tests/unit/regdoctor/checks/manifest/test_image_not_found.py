"""image-not-found."""

from __future__ import annotations

from regdoctor.observations.http import ManifestLook
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

CODE = "image-not-found"


def test_fires_for_404_to_head_and_get() -> None:
    unknown = manifest_answer("GET", 404, body='{"errors":[{"code":"NAME_UNKNOWN"}]}')
    finding = found(manifest_seen(manifest_answer("HEAD", 404), unknown))[CODE]
    assert "repository is unknown" in finding.title
    assert finding.fixes[0].commands == (
        "skopeo list-tags docker://registry.example:5000/team/app",
    )


def test_an_open_question_where_only_head_was_asked() -> None:
    seen = manifest_seen(manifest_answer("HEAD", 404), None)
    assert CODE not in found(seen)
    assert CODE in questions(seen)


def test_quiet_where_a_mirror_lacks_what_the_origin_has() -> None:
    mirror = Role("mirror", ("docker.io",), "registry.example:5000")
    seen = registry_seen(role=mirror)
    missing = ManifestLook(
        "team/app", "1.0", manifest_answer("HEAD", 404), manifest_answer("GET", 404)
    )
    seen.add(HTTPS, missing, name="team/app:1.0")
    origin = "https://registry-1.docker.io"
    role = Role("registry", ("docker.io",), "registry-1.docker.io")
    registry_seen(origin, role=role, seen=seen)
    served = ManifestLook("team/app", "1.0", manifest_answer("HEAD", 200), None)
    seen.add(origin, served, name="team/app:1.0")
    assert found(seen) == {}


def test_quiet_for_a_refusal() -> None:
    assert CODE not in found(manifest_seen(manifest_answer("HEAD", 401), None))


def test_quiet_where_the_endpoint_is_no_registry() -> None:
    seen = registry_seen(ping=answer("GET", "/v2/", 404, kind="text/html"))
    missing = manifest_answer("GET", 404)
    codes = found(manifest_seen(manifest_answer("HEAD", 404), missing, seen=seen))
    assert set(codes) == {"registry-unexpected-answer"}
