"""nexus-lt-3.15-head-404: by behaviour, the version beside it."""

from __future__ import annotations

import pytest

from regdoctor.observations.host import AskedClients
from regdoctor.observations.http import Answer, HeadRoute
from regdoctor.observations.store import HOST, Observations
from tests.fixtures.scenes import (
    API,
    HTTPS,
    found,
    manifest_answer,
    manifest_seen,
    questions,
    registry_seen,
)

CODE = "nexus-lt-3.15-head-404"
OTHER = "head-manifest-refused"
NO_CACHE = (
    ("Pragma", "no-cache"),
    ("Cache-Control", "post-check=0, pre-check=0"),
    ("Expires", "0"),
)


def server(version: str) -> tuple[str, str]:
    return ("Server", f"Nexus/{version} (OSS)")


def page(*headers: tuple[str, str]) -> Answer:
    return manifest_answer("HEAD", 404, *headers, kind="text/html")


SERVED = manifest_answer("GET", 200, API)


@pytest.mark.parametrize("version", ["3.14.0-04", "3.2.1-01"])
def test_fires_as_a_warning_for_we_cope(version: str) -> None:
    finding = found(manifest_seen(page(server(version), *NO_CACHE), SERVED))[CODE]
    assert finding.severity == "warning"
    assert finding.confidence == "certain"
    assert finding.breaks == ("buildkit", "containerd")
    assert "upgrade Nexus" in finding.fixes[0].title


def test_an_error_through_the_eyes_of_buildkit() -> None:
    seen = manifest_seen(page(server("3.14.0-04")), SERVED)
    seen.add(HOST, AskedClients(("buildkit",)))
    assert found(seen)[CODE].severity == "error"


def test_likely_for_a_nexus_whose_name_a_proxy_took_away() -> None:
    finding = found(manifest_seen(page(("Server", "nginx"), *NO_CACHE), SERVED))[CODE]
    assert finding.confidence == "likely"


@pytest.mark.parametrize(
    "head",
    [
        manifest_answer("HEAD", 404, server("3.15.0-01"), kind="text/html"),
        manifest_answer("HEAD", 404, ("Server", "nginx"), kind="text/html"),
        manifest_answer("HEAD", 404, server("3.14.0-04"), kind="application/json"),
        manifest_answer("HEAD", 404, server("3.14.0-04"), API, kind="text/html"),
        manifest_answer("HEAD", 500, server("3.14.0-04"), kind="text/html"),
    ],
)
def test_the_same_effect_with_another_cause_is_not_called_nexus(head: Answer) -> None:
    codes = found(manifest_seen(head, SERVED))
    assert CODE not in codes
    assert OTHER in codes


def test_a_page_of_the_proxy_before_an_old_nexus_is_not_the_nexus() -> None:
    """GET and /v2/ say who is behind; the page that answered HEAD is not his."""
    nginx = page(("Server", "nginx/1.22.1"))
    served = manifest_answer("GET", 200, API, server("3.14.0-04"))
    assert set(found(manifest_seen(nginx, served))) == {OTHER}


def test_quiet_for_an_old_nexus_where_the_image_is_missing() -> None:
    missing = manifest_answer("GET", 404, server("3.14.0-04"))
    codes = found(manifest_seen(page(server("3.14.0-04")), missing))
    assert set(codes) == {"image-not-found"}


def test_quiet_for_an_old_nexus_that_answers_head() -> None:
    assert found(manifest_seen(manifest_answer("HEAD", 200, server("3.14.0-04")), None)) == {}


def route(head: Answer, get: Answer) -> Observations:
    seen = registry_seen()
    seen.add(HTTPS, HeadRoute(head, get))
    return seen


MISSING = manifest_answer("GET", 404, server("3.14.0-04"), API)


def test_a_registry_without_an_image_in_hand_is_suspected_by_the_missing_route() -> None:
    seen = route(page(server("3.14.0-04"), *NO_CACHE), MISSING)
    finding = found(seen)[CODE]
    assert finding.confidence == "likely"
    assert finding.subject == "registry.example:5000"
    assert CODE in questions(seen)


@pytest.mark.parametrize(
    "head",
    [
        manifest_answer("HEAD", 404, server("3.14.0-04"), API),
        manifest_answer("HEAD", 401, server("3.14.0-04")),
        manifest_answer("HEAD", 404, server("3.60.0-02"), kind="text/html"),
        manifest_answer("HEAD", 404, ("Server", "nginx/1.22.1"), kind="text/html"),
    ],
)
def test_no_suspicion_where_the_route_is_there_or_the_nexus_is_new(head: Answer) -> None:
    assert found(route(head, MISSING)) == {}


def test_what_is_advised_without_an_image_in_hand_pulls_no_host() -> None:
    finding = found(route(page(server("3.14.0-04"), *NO_CACHE), MISSING))[CODE]
    pulls = [each for fix in finding.fixes for each in fix.commands if "docker pull" in each]
    assert pulls == ["docker pull registry.example:5000/NAME:TAG"]
