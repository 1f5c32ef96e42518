"""nexus-push-to-group-or-proxy."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes import answer, found, questions
from tests.fixtures.scenes.push import NEXUS, began, errors, push_seen, said

CODE = "nexus-push-to-group-or-proxy"


WORDS = "Deploying to groups is a PRO-licensed feature"


def test_fires_for_a_group_by_its_words_also_without_its_name() -> None:
    seen = began(said("POST", 403, body=errors("DENIED", WORDS)))
    assert set(found(seen)) == {CODE}
    assert found(seen)[CODE].confidence == "certain"
    assert questions(seen) == {}


@pytest.mark.parametrize("status", [403, 405])
def test_fires_as_likely_where_a_nexus_only_refuses_and_asks(status: int) -> None:
    seen = began(said("POST", status, NEXUS, body=errors("DENIED")))
    assert set(found(seen)) == {CODE}
    assert found(seen)[CODE].confidence == "likely"
    assert CODE in questions(seen)


def test_quiet_for_another_registry_for_a_login_and_for_a_healthy_nexus() -> None:
    assert set(found(began(said("POST", 403)))) == {"push-access-denied"}
    assert set(found(began(said("POST", 401, NEXUS)))) == {"push-access-denied"}
    assert found(push_seen(ping=answer("GET", "/v2/", 200, NEXUS))) == {}
