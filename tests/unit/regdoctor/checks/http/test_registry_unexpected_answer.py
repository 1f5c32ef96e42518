"""registry-unexpected-answer."""

from __future__ import annotations

import pytest

from regdoctor.observations.http import Answer
from tests.fixtures.scenes import API, HTTPS, answer, found, registry_seen

CODE = "registry-unexpected-answer"


@pytest.mark.parametrize(
    ("ping", "words"),
    [
        (answer("GET", "/v2/", 503), "failing"),
        (answer("GET", "/v2/", 429, ("Retry-After", "30")), "retry after 30"),
        (answer("GET", "/v2/", 404, kind="text/html"), "does not answer as a registry"),
        (answer("GET", "/v2/", 200, kind="text/html; charset=utf-8"), "a web page"),
        (Answer("GET", HTTPS + "/v2/", fault="timeout", text="timeout"), "no answer in time"),
        (Answer("GET", HTTPS + "/v2/", fault="read", text="EOF"), "broke the exchange off"),
    ],
)
def test_fires_and_says_what_answered(ping: Answer, words: str) -> None:
    finding = found(registry_seen(ping=ping))[CODE]
    assert words in finding.title
    assert finding.severity == "error"


@pytest.mark.parametrize("scheme", ["Basic", "Bearer", "Negotiate, Basic"])
def test_quiet_for_what_a_registry_may_answer(scheme: str) -> None:
    assert CODE not in found(registry_seen(ping=answer("GET", "/v2/", 200, API)))
    asks = ("WWW-Authenticate", f'{scheme} realm="https://registry.example/token"')
    assert CODE not in found(registry_seen(ping=answer("GET", "/v2/", 401, API, asks)))


def test_a_401_that_nobody_can_answer_is_said() -> None:
    bare = found(registry_seen(ping=answer("GET", "/v2/", 401, API)))[CODE]
    assert "without a challenge" in bare.title
    asks = ("WWW-Authenticate", "Negotiate")
    finding = found(registry_seen(ping=answer("GET", "/v2/", 401, API, asks)))[CODE]
    assert "by negotiate" in finding.title


def test_a_redirect_that_was_not_followed_to_an_end_is_said() -> None:
    circle = answer("GET", "/v2/", 302, ("Location", "/v2/"))
    assert "(302 to /v2/)" in found(registry_seen(ping=circle))[CODE].title


def test_quiet_where_a_certificate_was_refused_which_is_another_finding() -> None:
    refused = Answer("GET", HTTPS + "/v2/", fault="certificate", text="x509")
    assert CODE not in found(registry_seen(ping=refused))


def test_a_redirect_to_what_cannot_be_asked_is_said_with_its_target() -> None:
    sso = "https://login.example/sso"
    lost = Answer("GET", f"{sso}?next=x", fault="dns", text="lookup login.example: no such host")
    title = found(registry_seen(ping=lost))[CODE].title
    assert f"redirects GET /v2/ to {sso}, which could not be asked" in title
