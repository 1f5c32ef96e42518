"""credhelpers-no-wildcard-and-docker-build."""

from __future__ import annotations

from regdoctor.observations.store import Observations
from tests.fixtures.scenes import WRITTEN, found
from tests.fixtures.scenes.auth import basic, codes, login_file, logins, refused

CODE = "credhelpers-no-wildcard-and-docker-build"


def helped(*keys: str) -> Observations:
    seen = refused(challenge=basic("ecr.amazonaws.com"))
    return logins(seen, login_file(helpers=dict.fromkeys(keys, "ecr-login")))


def test_fires_for_a_pattern_that_was_meant_for_the_registry() -> None:
    findings = found(helped("*.example:5000"))
    assert set(findings) == {CODE}
    (change,) = findings[CODE].fixes[0].files
    assert f'+    "{WRITTEN}"' in change.diff


def test_quiet_for_a_pattern_of_others_and_beside_the_exact_key() -> None:
    assert codes(helped("*.corp.example")) == {"ecr-no-basic-auth-credentials"}
    assert CODE not in codes(helped("*.example:5000", WRITTEN))
