"""buildx-container-builder-no-proxy: the shell's proxy leads there, and nothing else."""

from __future__ import annotations

from regdoctor.observations.host import AskedClients
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.proxies import ProxyRoute, ProxyRoutes, ProxySetting, Tunnel
from regdoctor.observations.store import HOST, Observations
from tests.fixtures.scenes import HTTPS, found, registry_seen

CODE = "buildx-container-builder-no-proxy"
CLIENT = "buildkit"
PROXY = "http://proxy.example:3128"
SHELL = ProxyRoute(ProxySetting("regdoctor", "the environment", PROXY), PROXY)
WITHOUT = ProxyRoute(ProxySetting(CLIENT, "where its settings are", kind="builder"))
WITH = ProxyRoute(
    ProxySetting(CLIENT, "a file", PROXY, kind="builder"), PROXY, Tunnel(200, "200 OK")
)
CLOSED = "lookup registry.example: no such host"


def ways(*routes: ProxyRoute, straight: str = CLOSED) -> Observations:
    seen = registry_seen()
    seen.add(HOST, AskedClients((CLIENT,)))
    seen.add(HTTPS, ProxyRoutes(routes, tried=True, straight=straight))
    return seen


def test_fires_where_it_has_no_proxy_and_needs_one() -> None:
    codes = found(ways(SHELL, WITHOUT))
    assert set(codes) == {CODE}
    finding = codes[CODE]
    assert finding.severity == "error"
    assert finding.breaks == (CLIENT,)
    assert CLOSED in finding.evidence[1].fact
    assert PROXY in repr(finding.fixes[0])


def test_quiet_where_it_has_the_proxy() -> None:
    assert found(ways(SHELL, WITH)) == {}


def test_quiet_where_the_way_without_a_proxy_is_open() -> None:
    assert found(ways(SHELL, WITHOUT, straight="")) == {}


def test_quiet_where_the_shells_proxy_does_not_lead_there_either() -> None:
    seen = ways(SHELL, WITHOUT)
    text = f"proxyconnect tcp: {PROXY} answered 403 Forbidden"
    seen.add(HTTPS, Ping(Answer("GET", f"{HTTPS}/v2/", fault="proxy", text=text)))
    assert CODE not in found(seen)
