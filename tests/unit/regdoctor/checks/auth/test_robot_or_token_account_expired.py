"""robot-or-token-account-expired."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes import found, questions
from tests.fixtures.scenes.auth import codes, login_refused

CODE = "robot-or-token-account-expired"


@pytest.mark.parametrize(
    "user", ["robot$team+ci", "robot_ci", "gitlab+deploy-token-17", "oauth2accesstoken"]
)
def test_fires_for_a_machines_account_and_leaves_the_question_open(user: str) -> None:
    seen = login_refused(user, service="harbor-registry")
    findings = found(seen)
    assert set(findings) == {CODE}
    assert findings[CODE].confidence == "likely"
    assert user in findings[CODE].title
    assert CODE in questions(seen)


def test_quiet_for_a_persons_login() -> None:
    assert codes(login_refused("me")) == {"credentials-rejected"}
