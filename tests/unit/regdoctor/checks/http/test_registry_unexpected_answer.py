"""registry-unexpected-answer."""

from __future__ import annotations

import pytest

from regdoctor.observations.http import Answer
from tests.fixtures.scenes import API, HTTPS, answer, found, registry_seen

CODE = "registry-unexpected-answer"
NEXUS = ("Server", "Nexus/3.60.0-02 (OSS)")


@pytest.mark.parametrize(
    ("ping", "words"),
    [
        (answer("GET", "/v2/", 503), "failing"),
        (answer("GET", "/v2/", 429, ("Retry-After", "30")), "retry after 30"),
        (answer("GET", "/v2/", 404, kind="text/html"), "does not answer as a registry"),
        (answer("GET", "/v2/", 404, NEXUS, kind="text/html"), "is a Nexus"),
        (answer("GET", "/v2/", 200, kind="text/html; charset=utf-8"), "a web page"),
        (Answer("GET", HTTPS + "/v2/", fault="timeout", text="timeout"), "no answer in time"),
        (Answer("GET", HTTPS + "/v2/", fault="read", text="EOF"), "broke the exchange off"),
    ],
)
def test_fires_and_says_what_answered(ping: Answer, words: str) -> None:
    finding = found(registry_seen(ping=ping))[CODE]
    assert words in finding.title
    assert finding.severity == "error"


@pytest.mark.parametrize("status", [200, 401, 403])
def test_quiet_for_what_a_registry_may_answer(status: int) -> None:
    assert CODE not in found(registry_seen(ping=answer("GET", "/v2/", status, API)))


def test_quiet_where_a_certificate_was_refused_which_is_another_finding() -> None:
    refused = Answer("GET", HTTPS + "/v2/", fault="certificate", text="x509")
    assert CODE not in found(registry_seen(ping=refused))
