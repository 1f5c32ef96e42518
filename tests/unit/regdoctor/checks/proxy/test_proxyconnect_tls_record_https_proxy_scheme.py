"""proxyconnect-tls-record-https-proxy-scheme: TLS to a proxy that speaks in the clear."""

from __future__ import annotations

from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.proxies import ProxyRoute, ProxyRoutes, ProxySetting, Tunnel
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import HTTPS, found, registry_seen

CODE = "proxyconnect-tls-record-https-proxy-scheme"
PROXY = "https://proxy.example:3128"


def asked(client: str, tunnel: Tunnel) -> Observations:
    seen = registry_seen()
    setting = ProxySetting(client, "the environment", PROXY)
    seen.add(HTTPS, ProxyRoutes((ProxyRoute(setting, PROXY, tunnel),)))
    return seen


CLEAR = Tunnel(text="it does not speak TLS", speaks="http", first_bytes=b"HTTP/1.1 200 OK\r\n")


def test_fires_for_the_shell_and_explains_the_failed_request() -> None:
    seen = asked("regdoctor", CLEAR)
    text = "proxyconnect tcp: tls: first record does not look like a TLS handshake"
    seen.add(HTTPS, Ping(Answer("GET", f"{HTTPS}/v2/", fault="proxy", text=text)))
    codes = found(seen)
    assert set(codes) == {CODE}
    assert codes[CODE].severity == "error"
    assert codes[CODE].fixes[0].commands == ("export HTTPS_PROXY=http://proxy.example:3128",)


def test_fires_for_a_daemon() -> None:
    codes = found(asked("docker", CLEAR))
    assert set(codes) == {CODE}
    assert codes[CODE].breaks == ("docker",)
    assert "HTTPS_PROXY=http://proxy.example:3128" in codes[CODE].fixes[0].files[0].diff


def test_quiet_for_a_proxy_in_tls_that_works_or_refuses() -> None:
    assert found(asked("docker", Tunnel(200, "200"))) == {}
    assert set(found(asked("docker", Tunnel(403, "403 Forbidden")))) == {"tcp-connect-failure"}


def test_quiet_for_a_port_that_speaks_neither() -> None:
    tunnel = Tunnel(text="it does not speak TLS", first_bytes=b"SSH-2.0")
    assert set(found(asked("docker", tunnel))) == {"tcp-connect-failure"}
