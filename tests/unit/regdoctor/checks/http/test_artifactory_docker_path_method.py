"""artifactory-docker-path-method."""

from __future__ import annotations

from regdoctor.observations.fingerprints import ProductAnswer
from tests.fixtures.scenes import HTTPS, answer, found, registry_seen

CODE = "artifactory-docker-path-method"
PAGE = answer("GET", "/v2/", 404, kind="text/html", body="<html>404 Not Found</html>")
PING = "/artifactory/api/system/ping"


def test_fires_where_its_own_page_answers() -> None:
    seen = registry_seen(ping=PAGE)
    seen.add(HTTPS, ProductAnswer("artifactory", answer("GET", PING, body="OK")))
    assert set(found(seen)) == {CODE}


def test_fires_where_a_header_names_it() -> None:
    marked = answer(
        "GET", "/v2/", 404, ("X-JFrog-Version", "Artifactory/7.77.5 77705900"), kind="text/html"
    )
    finding = found(registry_seen(ping=marked))[CODE]
    assert any("JFrog Artifactory 7.77.5" in each.fact for each in finding.evidence)


def test_quiet_for_another_404() -> None:
    seen = registry_seen(ping=PAGE)
    seen.add(HTTPS, ProductAnswer("artifactory", answer("GET", PING, 404)))
    assert set(found(seen)) == {"registry-unexpected-answer"}


def test_quiet_for_an_artifactory_that_answers() -> None:
    good = answer("GET", "/v2/", 200, ("X-JFrog-Version", "Artifactory/7.77.5 77705900"))
    assert found(registry_seen(ping=good)) == {}
