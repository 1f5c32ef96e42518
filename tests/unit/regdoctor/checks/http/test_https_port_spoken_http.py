"""https-port-spoken-http."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes import HTTP, answer, found, registry_seen

CODE = "https-port-spoken-http"


@pytest.mark.parametrize(
    "body",
    [
        "Client sent an HTTP request to an HTTPS server.\n",
        "<title>400 The plain HTTP request was sent to HTTPS port</title>",
    ],
)
def test_fires_for_the_words_of_a_tls_server(body: str) -> None:
    ping = answer("GET", "/v2/", 400, endpoint=HTTP, body=body, kind="text/plain")
    codes = found(registry_seen(HTTP, ping=ping))
    assert CODE in codes
    assert "registry-unexpected-answer" not in codes


def test_quiet_for_any_other_400() -> None:
    ping = answer("GET", "/v2/", 400, endpoint=HTTP, body="bad request")
    codes = found(registry_seen(HTTP, ping=ping))
    assert CODE not in codes
    assert "registry-unexpected-answer" in codes
