"""ecr-token-expired-12h."""

from __future__ import annotations

from regdoctor.observations.auth import LoginEntry
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import WRITTEN, found
from tests.fixtures.scenes.auth import (
    AT,
    basic,
    challenged,
    codes,
    errors,
    login_file,
    logins,
    refused,
)

CODE = "ecr-token-expired-12h"
SAID = errors("Your Authorization Token has expired. Please run 'aws ecr get-login'")


def ending(seen: Observations, seconds: float) -> Observations:
    entry = LoginEntry(WRITTEN, "password", "AWS", expires=AT + seconds)
    return logins(seen, login_file(entries=(entry,)))


def test_fires_on_the_words() -> None:
    assert codes(refused(403, SAID, sent=True)) == {CODE}


def test_fires_on_the_end_that_the_password_names_and_tells_it() -> None:
    finding = found(ending(refused(401, "", basic(), sent=True), -3600))
    assert set(finding) == {CODE}
    assert "expired 1 h ago" in finding[CODE].title
    assert "2026-06-01T11:00:00Z" in finding[CODE].evidence[-1].fact
    assert "aws ecr get-login-password" in finding[CODE].fixes[0].commands[0]


def test_fires_before_anything_was_refused() -> None:
    findings = found(ending(challenged(basic()), -3600))
    assert findings[CODE].breaks == ("docker", "buildkit")


def test_quiet_where_it_goes_on() -> None:
    assert codes(ending(challenged(basic()), 3600)) == set()
    assert codes(ending(refused(401, "", basic(), sent=True), 3600)) == {
        "robot-or-token-account-expired"
    }


def test_quiet_on_another_refusal() -> None:
    assert codes(refused(403, errors("no"), sent=True)) == {"pull-access-denied-or-not-found"}
