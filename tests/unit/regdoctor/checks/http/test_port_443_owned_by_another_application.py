"""port-443-owned-by-another-application: the registry is on port 80 of the same host."""

from __future__ import annotations

from regdoctor.observations.http import Answer, ClearPort
from regdoctor.observations.network import Role
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import API, answer, found, registry_seen

CODE = "port-443-owned-by-another-application"
HOST = "https://registry.example"
PLAIN = "http://registry.example"


def asked(clear: Answer) -> Observations:
    ping = answer("GET", "/v2/", 404, endpoint=HOST, kind="text/html", body="<h1>Not Found</h1>")
    role = Role("registry", ("registry.example",), "registry.example")
    seen = registry_seen(HOST, ping=ping, role=role)
    seen.add(HOST, ClearPort(clear))
    return seen


def test_fires_where_a_registry_answers_in_the_clear() -> None:
    codes = found(asked(answer("GET", "/v2/", 200, API, endpoint=PLAIN)))
    assert set(codes) == {CODE}
    diffs = [each.diff for fix in codes[CODE].fixes for each in fix.files]
    assert any('"insecure-registries": ["registry.example:80"]' in diff for diff in diffs)


def test_quiet_where_port_80_is_the_same_application() -> None:
    redirect = answer("GET", "/v2/", 301, ("Location", f"{HOST}/v2/"), endpoint=PLAIN, kind="")
    assert set(found(asked(redirect))) == {"registry-unexpected-answer"}


def test_quiet_where_nothing_is_on_port_80() -> None:
    refused = Answer("GET", f"{PLAIN}/v2/", fault="connect", text="connection refused")
    assert set(found(asked(refused))) == {"registry-unexpected-answer"}
