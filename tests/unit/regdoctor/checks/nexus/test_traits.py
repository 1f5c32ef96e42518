"""What tells the age of a Nexus whose name a proxy took away."""

from __future__ import annotations

import pytest

from regdoctor.checks.nexus.traits import version_told
from regdoctor.observations.http import Answer
from tests.fixtures.scenes import answer

REFUSED = "access to the requested resource is not authorized"
TITLE = "<title>404 - Nexus Repository Manager</title>"


def page(beginning: str) -> Answer:
    return answer("GET", "/v2/", 404, kind="text/html", body=f"{beginning}{TITLE}</html>")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (answer("GET", "/v2/", 401, ("Server", "Nexus/3.14.0-04 (OSS)")), "Nexus 3.14"),
        (page("<html>"), "a Nexus, older than 3.14 by its page"),
        (page('<html lang="en">'), "a Nexus, older than 3.16 by its headers"),
        (
            answer("GET", "/v2/", 401, ("X-XSS-Protection", "0"), body=REFUSED),
            "a Nexus, newer than 3.80 by its headers",
        ),
        (
            answer("GET", "/v2/", 401, ("X-XSS-Protection", "1; mode=block"), body=REFUSED),
            "a Nexus",
        ),
        (answer("GET", "/v2/", 200), "a Nexus"),
    ],
)
def test_the_name_comes_before_the_page_and_the_headers(said: Answer, words: str) -> None:
    assert version_told([said]) == words
