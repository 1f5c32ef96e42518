"""credentials-rejected."""

from __future__ import annotations

from dataclasses import replace

from regdoctor.observations.http import CredentialUse, LoginAnswer, ManifestLook, TokenAnswer
from tests.fixtures.scenes import HTTPS, answer, found, manifest_answer, registry_seen

CODE = "credentials-rejected"
BASIC = ("WWW-Authenticate", 'Basic realm="registry"')
USE = CredentialUse("registry.example:5000", present=True, source="~/.docker/config.json")
REFUSED = TokenAnswer("realm", "", answer("GET", "/token", 401), granted=False, authenticated=True)


def test_fires_where_the_token_service_refuses_the_password_and_names_its_source() -> None:
    seen = registry_seen()
    seen.add(HTTPS, USE)
    seen.add(HTTPS, REFUSED, name="repository:team/app:pull")
    finding = found(seen)[CODE]
    assert "~/.docker/config.json" in finding.title
    assert finding.fixes[0].commands[-1] == "docker login registry.example:5000"


def test_fires_where_basic_credentials_end_in_401() -> None:
    seen = registry_seen()
    look = ManifestLook("team/app", "1.0", manifest_answer("HEAD", 401, BASIC), None, "credentials")
    seen.add(HTTPS, look, name="team/app:1.0")
    codes = found(seen)
    assert CODE in codes


def test_fires_where_a_login_without_any_image_ends_in_401() -> None:
    seen = registry_seen()
    seen.add(HTTPS, LoginAnswer(answer("GET", "/v2/", 401)))
    assert CODE in found(seen)
    seen.add(HTTPS, LoginAnswer(answer("GET", "/v2/", 200)))
    assert CODE not in found(seen)


def test_quiet_where_nothing_was_sent() -> None:
    seen = registry_seen()
    seen.add(HTTPS, replace(REFUSED, authenticated=False), name="repository:team/app:pull")
    assert CODE not in found(seen)


def test_quiet_where_a_token_was_granted_and_the_image_is_forbidden() -> None:
    seen = registry_seen()
    granted = replace(REFUSED, granted=True, answer=answer("GET", "/token", 200))
    seen.add(HTTPS, granted, name="repository:team/app:pull")
    bearer = ("WWW-Authenticate", 'Bearer realm="x",error="insufficient_scope"')
    look = ManifestLook(
        "team/app", "1.0", manifest_answer("HEAD", 401, bearer), None, "credentials"
    )
    seen.add(HTTPS, look, name="team/app:1.0")
    codes = found(seen)
    assert CODE not in codes
    assert "pull-access-denied-or-not-found" in codes
