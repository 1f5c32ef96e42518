"""dockerhub-multiple-scope-regression."""

from __future__ import annotations

from regdoctor.observations.auth import JoinedScopes
from regdoctor.observations.host import AskedClients
from regdoctor.observations.store import HOST, Observations
from tests.fixtures.scenes import HTTPS, found
from tests.fixtures.scenes.auth import bearer, challenged, codes

CODE = "dockerhub-multiple-scope-regression"
BOTH = ("repository:team/app:pull", "repository:team/base:pull")


def joined(*granted: str, readable: bool = True) -> Observations:
    seen = challenged(bearer())
    seen.add(HOST, AskedClients(("buildkit",)))
    seen.add(HTTPS, JoinedScopes(BOTH, readable, granted))
    return seen


def test_fires_for_the_scope_that_was_forgotten() -> None:
    findings = found(joined(BOTH[0]))
    assert set(findings) == {CODE}
    assert BOTH[1] in findings[CODE].title
    assert findings[CODE].severity == "error"


def test_quiet_where_both_are_granted_in_any_order_and_with_more() -> None:
    assert codes(joined(*reversed(BOTH))) == set()
    assert codes(joined(*(f"{scope},push" for scope in BOTH))) == set()


def test_quiet_where_the_token_cannot_be_read() -> None:
    assert codes(joined(readable=False)) == set()
