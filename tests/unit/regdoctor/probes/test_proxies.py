"""What a proxy is asked, and for how long."""

from __future__ import annotations

import asyncio
import socket
import time

from builder.transport import Endpoint
from builder.transport.proxy import ProxyRules
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.network import Role
from regdoctor.observations.proxies import ProxySetting, ShellProxies, Tunnel
from regdoctor.observations.store import HOST, Observations
from regdoctor.probes.proxies import ProxyProbe
from tests.fixtures.speaker import head, speaking

URL = "https://registry.example:5000"
SECONDS = 0.5


def silent(client: socket.socket) -> None:
    head(client)
    client.recv(1)


def tunnel(port: int, scheme: str = "http") -> Tunnel:
    proxy = f"{scheme}://127.0.0.1:{port}"
    environ = {"HTTPS_PROXY": proxy}
    seen = Observations()
    seen.add(URL, Role("registry", ("registry.example:5000",), "registry.example:5000"))
    seen.add(URL, Ping(Answer("GET", f"{URL}/v2/", fault="timeout")))
    seen.add(HOST, ShellProxies(ProxySetting.of("regdoctor", "the environment", environ)))
    overrides = {("registry.example", 5000): "127.0.0.1"}
    probe = ProxyProbe(ProxyRules(environ), overrides, SECONDS)
    found = asyncio.run(probe.observe(Endpoint.parse(URL), seen)).routes[0].tunnel
    assert found is not None
    return found


def test_a_silent_proxy_costs_one_wait_and_is_called_silent() -> None:
    with speaking(silent) as port:
        began = time.monotonic()
        found = tunnel(port)
        took = time.monotonic() - began
    assert found == Tunnel(text=f"no answer in {SECONDS:g} s")
    assert took < 2 * SECONDS


def test_a_silent_proxy_that_is_spoken_to_in_tls_costs_one_wait() -> None:
    with speaking(silent) as port:
        began = time.monotonic()
        found = tunnel(port, "https")
        took = time.monotonic() - began
    assert found == Tunnel(text=f"no answer in {SECONDS:g} s")
    assert took < 2 * SECONDS


def test_a_proxy_that_closes_is_not_called_silent() -> None:
    with speaking(b"") as port:
        assert tunnel(port).text == "it closes the connection without a word"
