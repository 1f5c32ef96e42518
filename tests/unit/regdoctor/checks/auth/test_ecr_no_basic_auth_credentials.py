"""ecr-no-basic-auth-credentials."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.auth import IMAGE, basic, codes, login_file, logins, refused

CODE = "ecr-no-basic-auth-credentials"
ECR = basic("ecr.amazonaws.com")
OTHER = "999999999999.dkr.ecr.us-east-1.amazonaws.com"


def test_fires_for_an_image_asked_without_a_login_and_tells_of_other_regions() -> None:
    helpers = login_file(helpers={OTHER: "ecr-login"})
    findings = found(logins(refused(challenge=ECR), helpers))
    assert set(findings) == {CODE}
    assert findings[CODE].subject == IMAGE
    assert findings[CODE].evidence[1].data["others"] == [OTHER]


def test_quiet_at_another_registry_and_with_a_login() -> None:
    assert codes(refused(challenge=basic())) == {"pull-access-denied-or-not-found"}
    assert CODE not in codes(refused(challenge=ECR, sent=True))
