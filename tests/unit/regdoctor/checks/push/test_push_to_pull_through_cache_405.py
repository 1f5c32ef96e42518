"""push-to-pull-through-cache-405."""

from __future__ import annotations

import pytest

from regdoctor.observations.http import Answer
from tests.fixtures.scenes import found
from tests.fixtures.scenes.push import NEXUS, began, errors, push_seen, said

CODE = "push-to-pull-through-cache-405"


@pytest.mark.parametrize(
    ("opened", "words"),
    [
        (said("POST", 405, body=errors("UNSUPPORTED")), "as a pull-through cache does"),
        (
            said("POST", 405, ("Allow", "GET, HEAD"), kind="text/plain"),
            "read-only, and allows GET, HEAD",
        ),
        (
            said("POST", 405, ("Server", "nginx/1.22.1"), kind="text/html"),
            "nginx/1.22.1 before it",
        ),
        (said("GET", 405, body=errors("UNSUPPORTED")), "turned the POST into a GET"),
    ],
)
def test_fires_and_tells_the_causes_apart(opened: Answer, words: str) -> None:
    findings = found(began(opened))
    assert set(findings) == {CODE}
    assert words in findings[CODE].title


def test_quiet_for_a_nexus_which_has_its_own_and_for_a_healthy_registry() -> None:
    assert CODE not in found(began(said("POST", 405, NEXUS)))
    assert found(push_seen()) == {}
