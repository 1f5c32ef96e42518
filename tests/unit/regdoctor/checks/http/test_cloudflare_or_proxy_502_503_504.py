"""cloudflare-or-proxy-502-503-504."""

from __future__ import annotations

import pytest

from regdoctor.observations.http import Answer
from tests.fixtures.scenes import (
    answer,
    found,
    manifest_answer,
    manifest_seen,
    questions,
    registry_seen,
)
from tests.fixtures.scenes.images import blob_seen

CODE = "cloudflare-or-proxy-502-503-504"
NGINX = "<html><center><h1>502 Bad Gateway</h1></center><hr><center>nginx/1.25.3</center></html>"


def gateway(status: int = 502, body: str = NGINX, server: str = "", path: str = "/v2/") -> Answer:
    fields = [("Server", server)] if server else []
    return answer("GET", path, status, *fields, body=body, kind="text/html")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (gateway(), "nginx 1.25.3"),
        (gateway(520, "", "cloudflare"), "Cloudflare"),
        (gateway(504, "", "awselb/2.0"), "AWS ELB 2.0"),
        (gateway(503, "upstream connect error or disconnect", "envoy"), "Envoy"),
        (gateway(408, "<html><body><h1>408 Request Time-out</h1>"), "HAProxy"),
        (gateway(502, "Bad Gateway"), "Traefik"),
    ],
)
def test_fires_and_names_who_answered(given: Answer, name: str) -> None:
    codes = found(registry_seen(ping=given))
    assert set(codes) == {CODE}
    assert codes[CODE].title.startswith(name)


def test_fires_for_a_manifest_and_for_a_blob_alone() -> None:
    got = manifest_answer("GET", 504, ("Server", "nginx"), kind="text/html")
    assert set(found(manifest_seen(None, got))) == {CODE}
    assert set(found(blob_seen(gateway(path="/v2/a/blobs/b"), error="502"))) == {CODE}


def test_quiet_for_the_registrys_own_error() -> None:
    own = answer("GET", "/v2/", 503, ("Server", "nginx"), body='{"errors":[{"code":"X"}]}')
    assert set(found(registry_seen(ping=own))) == {"registry-unexpected-answer"}


def test_quiet_for_an_error_that_nobody_signed() -> None:
    plain = answer("GET", "/v2/", 502, kind="text/html", body="<html>down</html>")
    assert set(found(registry_seen(ping=plain))) == {"registry-unexpected-answer"}


BUSY = NGINX.replace("502 Bad Gateway", "503 Service Temporarily Unavailable")


@pytest.mark.parametrize("given", [gateway(503, BUSY), gateway(503, "", "cloudflare")])
def test_a_503_alone_may_be_a_limit_on_requests(given: Answer) -> None:
    seen = registry_seen(ping=given)
    assert "no registry" not in found(seen)[CODE].title
    assert set(questions(seen)) == {CODE}
    assert "limit requests" in questions(seen)[CODE].question


@pytest.mark.parametrize(
    "given",
    [
        gateway(503, "upstream connect error or disconnect", "envoy"),
        gateway(503, "no healthy upstream", "envoy"),
        gateway(503, "<h1>503 Service Unavailable</h1>\nNo server is available to handle this"),
    ],
)
def test_no_question_where_a_503_says_that_nobody_is_behind(given: Answer) -> None:
    seen = registry_seen(ping=given)
    assert found(seen)[CODE].title.endswith("it has no registry to send requests to")
    assert questions(seen) == {}


def test_no_question_about_another_status() -> None:
    assert questions(registry_seen(ping=gateway())) == {}
