"""nexus-bearer-token-realm-missing."""

from __future__ import annotations

from regdoctor.observations.http import CredentialUse
from regdoctor.observations.network import Role
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import (
    HTTPS,
    answer,
    found,
    manifest_answer,
    manifest_seen,
    questions,
    registry_seen,
)

CODE = "nexus-bearer-token-realm-missing"


BASIC = ("WWW-Authenticate", 'BASIC realm="Sonatype Nexus Repository Manager"')
BEARER = ("WWW-Authenticate", 'Bearer realm="https://registry.example:5000/v2/token"')
NEXUS = ("Server", "Nexus/3.90.2-06 (COMMUNITY)")


def refused(challenge: tuple[str, str], *headers: tuple[str, str]) -> Observations:
    seen = registry_seen(ping=answer("GET", "/v2/", 401, challenge, *headers))
    heads = (manifest_answer(method, 401, challenge, *headers) for method in ("HEAD", "GET"))
    return manifest_seen(*heads, seen=seen)


def test_fires_for_an_image_that_was_asked_for_without_a_login() -> None:
    seen = refused(BASIC)
    assert set(found(seen)) == {CODE}
    assert found(seen)[CODE].confidence == "likely"
    assert "without a login" in questions(seen)[CODE].question


def test_quiet_for_another_registry_and_for_a_nexus_with_tokens() -> None:
    other = ("WWW-Authenticate", 'Basic realm="registry"')
    assert set(found(refused(other))) == {"pull-access-denied-or-not-found"}
    assert CODE not in found(refused(BEARER, NEXUS))


def test_quiet_where_a_login_was_sent_and_for_a_mirror() -> None:
    seen = refused(BASIC)
    seen.add(HTTPS, CredentialUse("registry.example:5000", present=True, source="config.json"))
    assert CODE not in found(seen)
    seen = refused(BASIC)
    seen.add(HTTPS, Role("mirror", ("docker.io",), "registry.example:5000"))
    assert CODE not in found(seen)


def test_quiet_where_nobody_asked_for_an_image() -> None:
    assert found(registry_seen(ping=answer("GET", "/v2/", 401, BASIC))) == {}
