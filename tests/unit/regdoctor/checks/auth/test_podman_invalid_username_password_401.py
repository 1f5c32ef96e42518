"""podman-invalid-username-password-401."""

from __future__ import annotations

from regdoctor.observations.auth import AnonymousToken, LoginEntry
from regdoctor.observations.host import AskedClients
from regdoctor.observations.store import HOST
from tests.fixtures.scenes import HTTPS, WRITTEN, answer, found
from tests.fixtures.scenes.auth import AUTH_JSON, basic, codes, login_file, login_refused, refused

CODE = "podman-invalid-username-password-401"
OWN = login_file(AUTH_JSON, "podman", entries=(LoginEntry(WRITTEN, "password", "me"),))


def test_fires_for_podmans_own_login_and_says_what_goes_without() -> None:
    seen = login_refused(file=OWN)
    seen.add(HTTPS, AnonymousToken(answer("GET", "/token", 200), granted=True))
    findings = found(seen)
    assert set(findings) == {CODE}
    assert "would give a token without one" in findings[CODE].title
    assert AUTH_JSON in findings[CODE].title


def test_fires_where_the_user_looks_through_podmans_eyes() -> None:
    seen = login_refused()
    seen.add(HOST, AskedClients(("podman",)))
    assert codes(seen) == {CODE}


def test_quiet_for_dockers_login_and_where_the_registry_itself_refuses() -> None:
    assert codes(login_refused()) == {"credentials-rejected"}
    at_the_registry = refused(401, "", basic(), sent=True)
    at_the_registry.add(HOST, AskedClients(("podman",)))
    assert codes(at_the_registry) == {"credentials-rejected"}
