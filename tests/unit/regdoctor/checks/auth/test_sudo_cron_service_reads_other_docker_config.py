"""sudo-cron-service-reads-other-docker-config."""

from __future__ import annotations

from dataclasses import replace

from regdoctor.observations.auth import LoginEntry
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import WRITTEN, found
from tests.fixtures.scenes.auth import IMAGE, basic, codes, login_file, logins, refused

CODE = "sudo-cron-service-reads-other-docker-config"
THEIRS = "/home/me/.docker/config.json"
LOGIN = LoginEntry(WRITTEN, "password", "me")


def under_sudo(seen: Observations, *entries: LoginEntry) -> Observations:
    others = (login_file(THEIRS, entries=entries),)
    return logins(seen, login_file(), others=others, invoker="me")


def test_fires_where_the_user_who_called_sudo_has_the_login() -> None:
    for challenge in (basic(), basic("ecr.amazonaws.com")):
        findings = found(under_sudo(refused(challenge=challenge), LOGIN))
        assert set(findings) == {CODE}
        assert findings[CODE].subject == IMAGE
        assert THEIRS in findings[CODE].title


def test_quiet_where_that_user_has_none_either() -> None:
    generic = {"pull-access-denied-or-not-found"}
    assert codes(under_sudo(refused())) == generic
    assert codes(under_sudo(refused(), replace(LOGIN, key="other.example"))) == generic


def test_quiet_where_a_login_was_sent() -> None:
    assert CODE not in codes(under_sudo(refused(403, sent=True), LOGIN))
