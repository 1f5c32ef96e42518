"""token-realm-rejected-private-address: a note for clients that refuse such realms."""

from __future__ import annotations

import pytest

from regdoctor.observations.http import Challenge
from regdoctor.observations.network import ConnectAttempt, Connection
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import HTTP, HTTPS, found, registry_seen

CODE = "token-realm-rejected-private-address"


def challenged(realm: str, endpoint: str = HTTPS) -> Observations:
    seen = registry_seen(endpoint)
    seen.add(endpoint, Challenge("bearer", realm, "registry"))
    return seen


@pytest.mark.parametrize(
    ("realm", "why"),
    [
        ("https://10.0.0.5/token", "is a private address"),
        ("https://[fd00::5]:8443/token", "is a private address"),
        ("http://auth.example/token", "is in the clear"),
        ("http://registry.example:5000/token", "is in the clear"),
    ],
)
def test_fires_as_a_note(realm: str, why: str) -> None:
    codes = found(challenged(realm))
    assert set(codes) == {CODE}
    assert codes[CODE].severity == "info"
    assert why in codes[CODE].title
    assert codes[CODE].breaks == ("crane", "kaniko")


@pytest.mark.parametrize(
    "realm", ["https://auth.example/token", "https://registry.example:5000/token", "not a URL"]
)
def test_quiet_for_a_name_and_https(realm: str) -> None:
    assert CODE not in found(challenged(realm))


def test_quiet_where_the_registry_is_in_the_clear_itself() -> None:
    assert CODE not in found(challenged(f"{HTTP}/token", HTTP))


def test_quiet_where_nobody_can_go_there() -> None:
    seen = challenged("https://10.0.0.5/token")
    refused = ConnectAttempt("10.0.0.5:443", "refused", "connection refused")
    seen.add("https://10.0.0.5", Connection((refused,)))
    assert set(found(seen)) == {"token-realm-wrong-port-or-host"}
