"""acr-firewall-ip-denied."""

from __future__ import annotations

from regdoctor.observations.http import Ping
from tests.fixtures.scenes import HTTPS, WRITTEN, answer, found
from tests.fixtures.scenes.auth import IMAGE, codes, errors, refused

CODE = "acr-firewall-ip-denied"
SAID = errors("client with IP '203.0.113.7' is not allowed access.", "DENIED")


def test_fires_on_the_words_and_says_them() -> None:
    findings = found(refused(403, SAID))
    assert set(findings) == {CODE}
    assert findings[CODE].subject == IMAGE
    assert findings[CODE].confidence == "certain"
    assert findings[CODE].evidence[1].fact.startswith("it says: ")


def test_quiet_on_other_words() -> None:
    assert codes(refused(403, errors("something else", "DENIED"))) == {
        "pull-access-denied-or-not-found"
    }


def test_fires_once_for_a_registry_that_refuses_everybody() -> None:
    """The address that was refused is in the title; as JSON escapes it, too."""
    seen = refused(403, SAID)
    body = SAID.replace("'", "\\u0027")
    seen.add(HTTPS, Ping(answer("GET", "/v2/", 403, body=body)))
    findings = found(seen)
    assert set(findings) == {CODE}
    assert findings[CODE].subject == WRITTEN
    assert "203.0.113.7" in findings[CODE].title
