"""harbor-quota-exceeded."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.push import errors, push_seen, said, stored

CODE = "harbor-quota-exceeded"


FULL = said("PUT", 403, body=errors("DENIED", "will exceed the configured upper limit of 1 GiB"))


def test_fires_where_a_blob_is_refused_in_harbors_words() -> None:
    findings = found(push_seen(stored(whole=FULL)))
    assert set(findings) == {CODE}
    assert "project team" in findings[CODE].title
    assert "/api/v2.0/projects/team/summary" in findings[CODE].fixes[0].commands[0]


def test_quiet_for_another_refusal_of_a_blob() -> None:
    other = said("PUT", 403, body=errors("DENIED", "no"))
    assert set(found(push_seen(stored(whole=other)))) == {"push-unexpected-answer"}
