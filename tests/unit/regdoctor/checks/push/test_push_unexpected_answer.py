"""push-unexpected-answer."""

from __future__ import annotations

import pytest

from regdoctor.observations.http import Answer
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import HTTPS, found, questions, registry_seen
from tests.fixtures.scenes.push import UPLOADS, began, mount, push_seen, said, size, stored

CODE = "push-unexpected-answer"


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (began(said("POST", 500)), "answers 500 to POST"),
        (began(said("POST", 403, kind="text/html")), "answers 403 to POST"),
        (began(Answer("POST", HTTPS + UPLOADS, fault="read", text="EOF")), "off (EOF) to POST"),
        (began(Answer("GET", "https://auth.example/token", 500)), "to the request for a token"),
        (began(Answer("GET", HTTPS + UPLOADS, 404)), "answers 404 to POST"),
        (push_seen(size(502)), "502 to a chunk"),
        (push_seen(mount(written=said("PATCH", 400))), "to a chunk of an upload"),
        (push_seen(stored(whole=said("PUT", 500))), "500 to PUT of a blob"),
        (
            push_seen(stored(dict.fromkeys(("oci-image", "docker-image"), said("PUT", 500)))),
            "to PUT of an OCI image manifest, and of a Docker image manifest",
        ),
    ],
)
def test_fires_and_names_the_first_step_that_failed(seen: Observations, words: str) -> None:
    findings = found(seen)
    assert set(findings) == {CODE}
    assert words in findings[CODE].title
    assert findings[CODE].severity == "error"


def test_what_was_not_stored_is_an_open_question() -> None:
    seen = push_seen(stored(why_not="deletes nothing"))
    assert found(seen) == {}
    assert "deletes nothing" in questions(seen)[CODE].why


def test_quiet_for_a_healthy_registry_and_where_nobody_wrote() -> None:
    assert found(push_seen()) == {}
    assert questions(push_seen()) == {}
    assert found(registry_seen()) == {}
