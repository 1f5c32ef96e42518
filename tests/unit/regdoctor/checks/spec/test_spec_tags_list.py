"""spec-tags-list."""

from __future__ import annotations

from regdoctor.observations.http import Answer
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import answer, found
from tests.fixtures.scenes.images import asked_seen, served

CODE = "spec-tags-list"
PATH = "/v2/team/app/tags/list?n=1"


def tags(status: int = 200, body: str = '{"name":"x","tags":["1.0"]}', link: str = "") -> Answer:
    fields = [("Link", f'<{link}>; rel="next"')] if link else []
    return answer("GET", PATH, status, *fields, body=body)


def listed(first: Answer, second: Answer | None = None) -> Observations:
    seen = asked_seen(served(), "tags", first, length=len(first.body))
    return seen if second is None else asked_seen(seen, "tags-next", second)


def test_fires_for_an_error_for_null_and_for_no_json() -> None:
    assert "500" in found(listed(tags(500)))[CODE].title
    assert "null" in found(listed(tags(body='{"tags":null}')))[CODE].title
    assert "no JSON" in found(listed(tags(body="<html>")))[CODE].title


def test_fires_for_a_next_page_that_is_not_there() -> None:
    first = tags(link="/v2/team/app/tags/list?n=1&last=1.0")
    assert "next page" in found(listed(first, answer("GET", PATH, 400)))[CODE].title


def test_fires_for_a_next_page_elsewhere() -> None:
    first = tags(link="/repository/docker/v2/team/app/tags/list?n=1&last=1.0")
    assert "elsewhere" in found(listed(first))[CODE].title


def test_quiet_for_a_list_and_its_next_page() -> None:
    assert found(listed(tags())) == {}
    assert found(listed(tags(link="/v2/team/app/tags/list?n=1&last=1.0"), tags())) == {}


def test_quiet_for_all_tags_at_once_and_for_a_right_that_is_missing() -> None:
    assert found(listed(tags(body='{"tags":["1.0","2.0"]}'))) == {}
    assert found(listed(tags(403))) == {}
