"""push-access-denied."""

from __future__ import annotations

from regdoctor.observations.http import CredentialUse, LoginAnswer
from tests.fixtures.scenes import HTTPS, answer, found
from tests.fixtures.scenes.push import SUBJECT, began, errors, push_seen, said

CODE = "push-access-denied"


def test_fires_for_an_account_that_may_not_push() -> None:
    seen = began(said("POST", 403, body=errors("DENIED")))
    seen.add(HTTPS, CredentialUse("registry.example:5000", present=True, source="config.json"))
    finding = found(seen)[CODE]
    assert set(found(seen)) == {CODE}
    assert finding.subject == SUBJECT
    assert "config.json" in finding.title
    assert finding.fixes[0].commands[0] == "docker login registry.example:5000"


def test_quiet_where_the_login_itself_is_not_taken() -> None:
    seen = began(said("POST", 401))
    seen.add(HTTPS, LoginAnswer(answer("GET", "/v2/", 401)))
    assert set(found(seen)) == {"credentials-rejected"}


def test_quiet_for_a_web_page_of_somebody_else_and_for_a_healthy_registry() -> None:
    assert CODE not in found(began(said("POST", 403, kind="text/html")))
    assert found(push_seen()) == {}
