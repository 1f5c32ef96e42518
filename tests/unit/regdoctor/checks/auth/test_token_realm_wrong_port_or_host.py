"""token-realm-wrong-port-or-host."""

from __future__ import annotations

import pytest

from regdoctor.observations.http import Answer, TokenAnswer
from regdoctor.observations.network import ConnectAttempt, Connection, Resolution
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import HTTPS, answer, found, registry_seen

CODE = "token-realm-wrong-port-or-host"
REALM = "https://auth.example:8443"


def challenged(realm: str) -> Observations:
    challenge = ("WWW-Authenticate", f'Bearer realm="{realm}",service="registry"')
    return registry_seen(ping=answer("GET", "/v2/", 401, challenge))


def test_fires_for_a_realm_that_takes_no_connection_and_explains_it_away() -> None:
    seen = challenged(f"{REALM}/token")
    seen.add(REALM, Resolution("auth.example", ("192.0.2.2",)))
    closed = ConnectAttempt("192.0.2.2:8443", "refused", "connection refused")
    seen.add(REALM, Connection((closed,)))
    codes = found(seen)
    assert codes[CODE].subject == "auth.example:8443"
    assert "tcp-connect-failure" not in codes


def test_fires_for_a_realm_whose_name_does_not_resolve() -> None:
    seen = challenged(f"{REALM}/token")
    seen.add(REALM, Resolution("auth.example", fault="no-such-host", text="no such host"))
    codes = found(seen)
    assert "does not resolve" in codes[CODE].title
    assert "dns-lookup-failure" not in codes


@pytest.mark.parametrize(
    ("realm", "words"),
    [
        ("null://registry.example/v2/token", "is no http or https URL"),
        ("https://registry.example:5002:5002/v2/token", "names two ports"),
        ("https://a.example, b.example/v2/token", "names two hosts"),
        ("", "is no http or https URL"),
    ],
)
def test_fires_for_a_realm_that_a_proxy_spoilt(realm: str, words: str) -> None:
    assert words in found(challenged(realm))[CODE].title


def test_fires_for_a_token_path_that_is_not_there() -> None:
    seen = challenged(f"{HTTPS}/nowhere")
    token = TokenAnswer(f"{HTTPS}/nowhere", "", answer("GET", "/nowhere", 404), granted=False)
    seen.add(HTTPS, token, name="")
    assert "404" in found(seen)[CODE].title


def test_quiet_for_a_realm_that_answers() -> None:
    seen = challenged(f"{REALM}/token")
    seen.add(REALM, Resolution("auth.example", ("192.0.2.2",)))
    seen.add(REALM, Connection((ConnectAttempt("192.0.2.2:8443"),)))
    assert CODE not in found(seen)


def test_quiet_where_the_realm_refuses_a_password() -> None:
    seen = challenged(f"{REALM}/token")
    refused = Answer("GET", f"{REALM}/token", 401)
    seen.add(HTTPS, TokenAnswer(f"{REALM}/token", "", refused, granted=False), name="")
    assert CODE not in found(seen)
