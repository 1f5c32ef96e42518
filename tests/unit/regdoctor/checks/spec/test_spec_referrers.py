"""spec-referrers."""

from __future__ import annotations

from regdoctor.observations.host import AskedClients
from regdoctor.observations.store import HOST, Observations
from tests.fixtures.scenes import answer, found
from tests.fixtures.scenes.images import asked_seen, served

CODE = "spec-referrers"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = '{"schemaVersion":2,"manifests":[]}'


def referred(status: int, body: str, kind: str) -> Observations:
    got = answer("GET", "/v2/team/app/referrers/x", status, body=body, kind=kind)
    return asked_seen(served(), "referrers", got, length=len(body))


def test_fires_for_errors_and_for_no_index() -> None:
    assert found(referred(500, "", "text/plain"))[CODE].severity == "warning"
    assert found(referred(200, "<html>", "text/html"))[CODE].severity == "warning"
    assert found(referred(200, "{}", INDEX))[CODE].severity == "warning"


def test_fires_as_a_note_for_another_type() -> None:
    assert found(referred(200, EMPTY, "application/json"))[CODE].severity == "info"


def test_fires_for_a_page_of_404_where_docker_is_asked_about() -> None:
    seen = referred(404, "<html>", "text/html")
    assert found(seen) == {}
    seen.add(HOST, AskedClients(("docker",)))
    assert found(seen)[CODE].severity == "info"


def test_quiet_for_an_index_and_for_a_plain_404() -> None:
    assert found(referred(200, EMPTY, INDEX)) == {}
    assert found(referred(404, "404 page not found", "text/plain")) == {}
    assert found(referred(404, '{"errors":[]}', "application/json")) == {}
