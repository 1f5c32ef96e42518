"""proxy-407-authentication-required, and the proxies that tcp-connect-failure tells of."""

from __future__ import annotations

from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.network import ConnectAttempt, Connection
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import HTTPS, found, registry_seen

CODE = "proxy-407-authentication-required"
PROXY = "http://proxy.example:3128"


def asked_through(words: str) -> Observations:
    seen = registry_seen()
    text = f"proxyconnect tcp: {PROXY} {words}"
    seen.add(HTTPS, Ping(Answer("GET", f"{HTTPS}/v2/", fault="proxy", text=text)))
    return seen


def test_fires_on_407_alone() -> None:
    codes = found(asked_through("answered 407 Proxy Authentication Required"))
    assert set(codes) == {CODE}
    assert codes[CODE].breaks == ("podman", "regdoctor")


def test_quiet_where_the_proxy_refuses_for_another_reason() -> None:
    codes = found(asked_through("answered 403 Forbidden"))
    assert set(codes) == {"tcp-connect-failure"}
    assert "answered 403" in codes["tcp-connect-failure"].title


def test_the_exchanges_of_a_build_tell_it_too() -> None:
    seen = registry_seen()
    text = f"proxyconnect tcp: {PROXY} answered 407 No"
    seen.add(HTTPS, Connection((ConnectAttempt("", "other", text),), via=PROXY))
    assert CODE in found(seen)
