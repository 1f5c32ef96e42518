"""ecr-repository-does-not-exist."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.auth import IMAGE, codes, errors, refused

CODE = "ecr-repository-does-not-exist"
SAID = errors(
    "The repository with name 'team/app' does not exist in the registry with id '123456789012'",
    "NAME_UNKNOWN",
)


def test_fires_on_the_words_and_says_them() -> None:
    findings = found(refused(404, SAID))
    assert set(findings) == {CODE}
    assert findings[CODE].subject == IMAGE
    assert findings[CODE].confidence == "certain"
    assert findings[CODE].evidence[1].fact.startswith("it says: ")


def test_quiet_on_other_words() -> None:
    assert codes(refused(404, errors("something else", "NAME_UNKNOWN"))) == {"image-not-found"}


def test_fires_with_the_slip_where_the_host_stands_in_the_name() -> None:
    name = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app"
    doubled = refused(404, SAID.replace("team/app", name))
    assert f"twice, as {name}" in found(doubled)[CODE].title
    assert "twice" not in found(refused(404, SAID))[CODE].title
