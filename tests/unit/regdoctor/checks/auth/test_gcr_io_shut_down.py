"""gcr-io-shut-down."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.auth import IMAGE, codes, errors, refused

CODE = "gcr-io-shut-down"
SAID = errors(
    "Container Registry is deprecated and shutting down, please use the auto migration tool",
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
