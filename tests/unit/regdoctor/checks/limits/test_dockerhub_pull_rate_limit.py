"""dockerhub-pull-rate-limit."""

from __future__ import annotations

import pytest

from regdoctor.diagnose import judged
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import (
    WRITTEN,
    answer,
    found,
    manifest_answer,
    manifest_seen,
    registry_seen,
)
from tests.fixtures.scenes.auth import bearer, codes, errors, refused

CODE = "dockerhub-pull-rate-limit"
LIMIT = ("RateLimit-Limit", "100;w=21600")
SAID = errors(
    "You have reached your pull rate limit. You may increase the limit", "TOOMANYREQUESTS"
)


def served(remaining: str) -> Observations:
    counted = (LIMIT, ("RateLimit-Remaining", remaining))
    source = ("Docker-RateLimit-Source", "203.0.113.7")
    return manifest_seen(manifest_answer("HEAD", 200, *counted, source), None)


def test_fires_on_the_words_and_on_an_empty_count() -> None:
    findings = found(refused(429, SAID, ("Retry-After", "60"), challenge=bearer()))
    assert set(findings) == {CODE}
    assert findings[CODE].severity == "error"
    assert "retry after 60 s" in findings[CODE].title
    spent = refused(429, "", LIMIT, ("RateLimit-Remaining", "0;w=21600"), challenge=bearer())
    assert codes(spent) == {CODE}


@pytest.mark.parametrize("remaining", ["10;w=21600", "1", "0"])
def test_fires_as_a_warning_where_little_is_left(remaining: str) -> None:
    findings = found(served(remaining))
    assert set(findings) == {CODE}
    assert findings[CODE].severity == "warning"
    assert findings[CODE].subject == WRITTEN
    assert "203.0.113.7" in findings[CODE].title


@pytest.mark.parametrize("remaining", ["11;w=21600", "100", "", "many"])
def test_quiet_where_enough_is_left_or_nobody_counts(remaining: str) -> None:
    assert codes(served(remaining)) == set()


def test_quiet_on_another_429() -> None:
    assert codes(refused(429, errors("slow down"), challenge=bearer())) == {
        "manifest-unexpected-answer"
    }


def test_said_once_where_the_registry_as_a_whole_is_refused() -> None:
    whole = answer("GET", "/v2/", 429, body=SAID)
    seen = manifest_seen(manifest_answer("HEAD", 429), None, seen=registry_seen(ping=whole))
    assert [each.subject for each in judged(seen, ()).findings if each.code == CODE] == [WRITTEN]
