"""token-realm-redirect-loses-query."""

from __future__ import annotations

from regdoctor.observations.auth import RealmRedirect
from regdoctor.observations.http import TokenAnswer
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import HTTPS, answer, found
from tests.fixtures.scenes.auth import SCOPE, bearer, challenged, codes

CODE = "token-realm-redirect-loses-query"
REALM = f"{HTTPS}/token"


def redirected(*lost: str, moved: bool = False, granted: bool = False) -> Observations:
    seen = challenged(bearer())
    found = RealmRedirect(REALM, SCOPE, 301, f"{REALM}/", lost, moved, authenticated=moved)
    seen.add(HTTPS, found, name=SCOPE)
    said = answer("GET", "/token/", 200 if granted else 401)
    token = TokenAnswer(f"{REALM}/", SCOPE, said, granted, authenticated=moved)
    seen.add(HTTPS, token, name=SCOPE)
    return seen


def test_fires_where_the_query_is_lost() -> None:
    findings = found(redirected("scope", "service"))
    assert set(findings) == {CODE}
    assert "scope and service" in findings[CODE].title


def test_fires_where_a_token_without_its_scope_came_of_it() -> None:
    assert codes(redirected("scope", granted=True)) == {CODE}


def test_fires_where_the_login_is_lost_on_another_host() -> None:
    findings = found(redirected(moved=True))
    assert set(findings) == {CODE}
    assert "the login" in findings[CODE].title


def test_quiet_where_nothing_is_lost() -> None:
    assert CODE not in codes(redirected())
    assert codes(redirected(granted=True)) == set()
    assert codes(redirected(moved=True, granted=True)) == set()
