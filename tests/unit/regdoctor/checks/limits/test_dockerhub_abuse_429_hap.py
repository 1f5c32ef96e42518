"""dockerhub-abuse-429-hap."""

from __future__ import annotations

from regdoctor.observations.store import Observations
from tests.fixtures.scenes import WRITTEN, answer, found, registry_seen
from tests.fixtures.scenes.auth import IMAGE, bearer, codes, refused

CODE = "dockerhub-abuse-429-hap"
LIMIT = ("RateLimit-Limit", "100;w=21600")


def hub(body: str, remaining: int | None, service: str = "registry.docker.io") -> Observations:
    left = () if remaining is None else (LIMIT, ("RateLimit-Remaining", f"{remaining};w=21600"))
    return refused(429, body, *left, challenge=bearer(service))


def test_fires_on_its_own_words_at_any_registry() -> None:
    body = "Too Many Requests (HAP429)"
    findings = found(registry_seen(ping=answer("GET", "/v2/", 429, body=body)))
    assert set(findings) == {CODE}
    assert findings[CODE].subject == WRITTEN


def test_fires_at_docker_hub_while_pulls_are_left() -> None:
    findings = found(hub("", 76))
    assert set(findings) == {CODE}
    assert findings[CODE].subject == IMAGE
    assert findings[CODE].evidence[1].fact == "76 of 100 pulls are left"


def test_quiet_where_the_pulls_are_spent_or_nobody_says() -> None:
    assert codes(hub("", 0)) == {"dockerhub-pull-rate-limit"}
    assert codes(hub("", None)) == {"manifest-unexpected-answer"}
    assert codes(hub("", 76, "registry.example")) == {"manifest-unexpected-answer"}
