"""no-proxy-mistakes: entries that were meant for the registry and do not match by Go's rules."""

from __future__ import annotations

import pytest

from regdoctor.checks.proxy.no_proxy_mistakes import near_miss
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.proxies import ProxyRoute, ProxyRoutes, ProxySetting, Tunnel
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import HTTPS, found, registry_seen

CODE = "no-proxy-mistakes"
PROXY = "http://proxy.example:3128"


def refused(no_proxy: str, *addresses: str, client: str = "regdoctor") -> Observations:
    seen = registry_seen()
    setting = ProxySetting(client, "the environment", PROXY, no_proxy=no_proxy)
    tunnel = Tunnel(403, "403 Forbidden (Access denied)")
    seen.add(HTTPS, ProxyRoutes((ProxyRoute(setting, PROXY, tunnel),), addresses=addresses))
    if client == "regdoctor":
        text = f"proxyconnect tcp: {PROXY} answered 403 Forbidden"
        seen.add(HTTPS, Ping(Answer("GET", f"{HTTPS}/v2/", fault="proxy", text=text)))
    return seen


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("https://registry.example", "is a URL"),
        ("localhost registry.example", "separated by commas"),
        ("localhost;.example", "separated by commas"),
        ("registry.*", "has a *"),
        ("*gistry.example", "has a *"),
        (".registry.example", "begins with a dot"),
        ("registry.example:443", "another port than 5000"),
        ("192.0.2.0/24", "does not look the name up"),
        ("192.0.2.1", "does not look the name up"),
    ],
)
def test_fires_for_an_entry_that_was_meant_for_it(entry: str, why: str) -> None:
    codes = found(refused(f"localhost,{entry}", "192.0.2.1"))
    assert set(codes) == {CODE}
    assert entry in codes[CODE].title
    assert why in codes[CODE].title


def test_fires_for_the_setting_of_a_daemon() -> None:
    finding = found(refused("registry.*", client="docker"))[CODE]
    assert finding.breaks == ("docker",)
    assert "registry.example" in finding.fixes[0].files[0].diff


@pytest.mark.parametrize(
    "entry",
    ["", "localhost", "other.example", "10.0.0.0/8", "x.registry.example", "*.corp.example"],
)
def test_quiet_for_a_proxy_that_refuses_and_no_entry_meant(entry: str) -> None:
    assert set(found(refused(entry, "192.0.2.1"))) == {"tcp-connect-failure"}


@pytest.mark.parametrize(
    "entry", ["registry.example", "*.example", ".example", "registry.example:5000"]
)
def test_quiet_for_entries_that_match(entry: str) -> None:
    assert near_miss(entry, HTTPS) is None


def test_quiet_where_the_proxy_leads_there() -> None:
    seen = registry_seen()
    setting = ProxySetting("regdoctor", "the environment", PROXY, no_proxy="registry.*")
    seen.add(HTTPS, ProxyRoutes((ProxyRoute(setting, PROXY),)))
    assert found(seen) == {}
