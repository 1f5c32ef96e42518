"""proxy-port-speaks-tls: CONNECT in the clear to a port that expects TLS."""

from __future__ import annotations

from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.proxies import ProxyRoute, ProxyRoutes, ProxySetting, Tunnel
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import HTTPS, found, registry_seen

CODE = "proxy-port-speaks-tls"
PROXY = "http://proxy.example:3128"
ALERT = bytes.fromhex("15030100020216")


def asked(tunnel: Tunnel) -> Observations:
    seen = registry_seen()
    setting = ProxySetting("regdoctor", "the environment", PROXY)
    seen.add(HTTPS, ProxyRoutes((ProxyRoute(setting, PROXY, tunnel),)))
    text = 'malformed HTTP response "\\x15\\x03\\x01"'
    seen.add(HTTPS, Ping(Answer("GET", f"{HTTPS}/v2/", fault="protocol", text=text)))
    return seen


def test_fires_where_the_port_takes_a_handshake() -> None:
    said = Tunnel(text="it does not answer in HTTP", speaks="tls", first_bytes=ALERT)
    codes = found(asked(said))
    assert set(codes) == {CODE}
    assert codes[CODE].fixes[0].commands == ("export HTTPS_PROXY=https://proxy.example:3128",)


def test_fires_where_the_port_only_closes() -> None:
    said = Tunnel(text="it closes the connection without a word", speaks="tls")
    assert "got nothing" in found(asked(said))[CODE].evidence[0].fact


def test_quiet_where_no_handshake_comes_about() -> None:
    said = Tunnel(text="it closes the connection without a word")
    assert CODE not in found(asked(said))
