"""tcp-connect-failure."""

from __future__ import annotations

from regdoctor.diagnose import judged
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.network import ConnectAttempt, Connection
from regdoctor.observations.proxies import ProxyRoute, ProxyRoutes, ProxySetting, Tunnel
from tests.fixtures.scenes import HTTPS, found, registry_seen

CODE = "tcp-connect-failure"
REFUSED = ConnectAttempt("192.0.2.1:5000", "refused", "connection refused")
FINE = ConnectAttempt("[2001:db8::1]:5000")


def test_fires_where_the_port_is_closed() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Connection((REFUSED,)))
    finding = found(seen)[CODE]
    assert "nothing listens on that port" in finding.title
    assert finding.fixes[0].commands[0] == "nc -vz registry.example 5000"


def test_a_filtered_port_is_told_apart_from_a_closed_one() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Connection((ConnectAttempt("192.0.2.1:5000", "timeout", "no answer"),)))
    assert "filtered" in found(seen)[CODE].title


def test_quiet_where_one_address_of_two_takes_a_connection() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Connection((REFUSED, FINE)))
    assert CODE not in found(seen)


def test_a_client_whose_own_proxy_leads_there_does_not_break() -> None:
    proxy = "http://proxy.example:3128"
    setting = ProxySetting("docker", "/etc/docker/daemon.json", proxy, kind="daemon")
    seen = registry_seen()
    seen.add(HTTPS, Connection((REFUSED,)))
    seen.add(HTTPS, ProxyRoutes((ProxyRoute(setting, proxy, Tunnel(200, "200 OK")),)))
    assert "docker" not in found(seen)[CODE].breaks
    seen.add(HTTPS, ProxyRoutes((ProxyRoute(setting, proxy, Tunnel(403, "403 Forbidden")),)))
    assert any("docker" in each.breaks for each in judged(seen, ()).findings)


def test_the_proxys_own_words_are_shown() -> None:
    proxy = "http://proxy.example:3128"
    text = f"proxyconnect tcp: {proxy} answered 403 Forbidden"
    seen = registry_seen()
    seen.add(HTTPS, Ping(Answer("GET", f"{HTTPS}/v2/", fault="proxy", text=text)))
    own = ProxySetting("regdoctor", "the environment", proxy)
    words = "403 Forbidden (Category: containers)"
    seen.add(HTTPS, ProxyRoutes((ProxyRoute(own, proxy, Tunnel(403, words)),)))
    facts = [each.fact for each in found(seen)[CODE].evidence]
    assert facts[-1] == f"the proxy's own words: {words}"
