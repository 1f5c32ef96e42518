"""gar-permission-denied-or-unauthenticated."""

from __future__ import annotations

from regdoctor.observations.http import LoginAnswer
from tests.fixtures.scenes import HTTPS, answer, found
from tests.fixtures.scenes.auth import IMAGE, bearer, challenged, codes, errors, refused

CODE = "gar-permission-denied-or-unauthenticated"
SAID = errors(
    (
        'Permission "artifactregistry.repositories.downloadArtifacts" denied on '
        'resource "projects/p" (or it may not exist)'
    ),
    "DENIED",
)


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


def test_fires_in_other_words_where_nobody_was_logged_in() -> None:
    nobody = errors(
        "Unauthenticated request. Unauthenticated requests do not have permission "
        '"artifactregistry.repositories.downloadArtifacts" on resource "projects/p"'
    )
    assert "no login came" in found(refused(403, nobody))[CODE].title
    assert "to the account" in found(refused(403, SAID))[CODE].title


def test_quiet_about_the_trial_of_a_login_in_a_repository_that_nobody_has() -> None:
    seen = challenged(bearer())
    url = "/token?service=x&scope=repository%3Aregdoctor%2Fprobe%3Apull"
    seen.add(HTTPS, LoginAnswer(answer("GET", url, 403, body=SAID)))
    assert codes(seen) == set()
