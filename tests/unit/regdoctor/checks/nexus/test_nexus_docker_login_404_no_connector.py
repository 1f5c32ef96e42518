"""nexus-docker-login-404-no-connector."""

from __future__ import annotations

from regdoctor.observations.nexus import NexusPort
from tests.fixtures.scenes import (
    HTTPS,
    answer,
    found,
    manifest_answer,
    manifest_seen,
    registry_seen,
)

CODE = "nexus-docker-login-404-no-connector"


NEXUS = ("Server", "Nexus/3.90.2-06 (COMMUNITY)")
PAGE = answer("GET", "/v2/", 404, NEXUS, kind="text/html")
STATUS = answer("GET", "/service/rest/v1/status", 200, NEXUS, kind="")


def test_fires_and_says_what_the_port_is() -> None:
    seen = registry_seen(ping=PAGE)
    assert set(found(seen)) == {CODE}
    seen.add(HTTPS, NexusPort(STATUS))
    finding = found(seen)[CODE]
    assert "the port of the user interface" in finding.title
    assert finding.severity == "error"
    assert "Repository Connectors" in finding.fixes[0].title


def test_fires_and_says_that_the_repository_is_there() -> None:
    seen = registry_seen(ping=PAGE)
    there = answer("GET", "/repository/docker-hosted/v2/", 401, NEXUS)
    seen.add(HTTPS, NexusPort(STATUS, "docker-hosted", there))
    assert "docker-hosted is there" in found(seen)[CODE].title


def test_fires_for_a_nexus_without_its_name_and_tells_its_age_by_the_page() -> None:
    body = "<html><title>404 - Nexus Repository Manager</title></html>"
    seen = registry_seen(ping=answer("GET", "/v2/", 404, kind="text/html", body=body))
    facts = [each.fact for each in found(seen)[CODE].evidence]
    assert any("older than 3.14 by its page" in fact for fact in facts)


def test_an_image_of_it_is_not_called_missing() -> None:
    missing = manifest_answer("GET", 404, NEXUS, kind="text/html")
    seen = manifest_seen(missing, missing, seen=registry_seen(ping=PAGE))
    assert set(found(seen)) == {CODE}


def test_quiet_for_a_nexus_that_answers_and_for_a_404_of_somebody_else() -> None:
    assert found(registry_seen(ping=answer("GET", "/v2/", 200, NEXUS))) == {}
    other = answer("GET", "/v2/", 404, ("Server", "nginx"), kind="text/html")
    assert set(found(registry_seen(ping=other))) == {"registry-unexpected-answer"}
