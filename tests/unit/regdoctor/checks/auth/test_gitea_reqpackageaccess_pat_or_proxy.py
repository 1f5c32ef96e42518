"""gitea-reqpackageaccess-pat-or-proxy."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.auth import IMAGE, bearer, codes, errors, refused

CODE = "gitea-reqpackageaccess-pat-or-proxy"
SAID = errors("reqPackageAccess", "UNAUTHORIZED")


def test_fires_on_the_words_and_says_them() -> None:
    findings = found(refused(401, SAID))
    assert set(findings) == {CODE}
    assert findings[CODE].subject == IMAGE
    assert findings[CODE].confidence == "certain"
    assert findings[CODE].evidence[1].fact.startswith("it says: ")


def test_quiet_on_other_words() -> None:
    assert codes(refused(401, errors("something else", "UNAUTHORIZED"))) == {
        "pull-access-denied-or-not-found"
    }


def test_fires_in_other_words_where_a_login_was_sent() -> None:
    challenge = bearer("container_registry")
    without = found(refused(401, SAID, challenge=challenge))[CODE].title
    sent = found(refused(401, SAID, challenge=challenge, sent=True))[CODE].title
    assert "without a login" in without
    assert "in spite of the login" in sent
