"""Proxies that make no tunnel, whoever is told to use them, as several checks have them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from regdoctor.checks.judging import asking
from regdoctor.clients.table import OWN
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.network import Connection
from regdoctor.observations.proxies import ProxyRoute, ProxyRoutes
from regdoctor.observations.store import Observations

BY_ENVIRONMENT = ("podman", OWN)
"""Who reads the shell's proxies. Daemons and builders have settings of their own."""


@dataclass(frozen=True, slots=True)
class NoTunnel:
    """``text`` is Go's, without its ``proxyconnect tcp:``; ``answer`` what the request ended in.

    ``source`` is where the proxy is set: ``this environment``, a file, a builder. ``words`` are
    the proxy's own: its status line and the title of its page.
    """

    endpoint: str
    text: str
    breaks: tuple[str, ...]
    answer: Answer | None = None
    source: str = "this environment"
    words: str = ""

    @property
    def wants_login(self) -> bool:
        return " answered 407" in self.text


def no_tunnels(seen: Observations) -> Iterator[NoTunnel]:
    """Every endpoint that could not be asked because of the proxy before it."""
    for endpoint in seen.endpoints():
        ping, connection = seen.get(Ping, endpoint), seen.get(Connection, endpoint)
        answer = ping.answer if ping and ping.answer.fault == "proxy" else None
        text = answer.text if answer else ""
        if connection is not None and connection.via and not connection.reached:
            text = text or next((each.text for each in connection.attempts), "")
        if text:
            what = text.removeprefix("proxyconnect tcp: ")
            breaks = asking(seen, endpoint, BY_ENVIRONMENT)
            yield NoTunnel(endpoint, what, breaks, answer, words=_words(seen, endpoint))
        for route in routes(seen, endpoint):
            tunnel = route.tunnel
            if route.setting.client == OWN or tunnel is None or tunnel.made or tunnel.speaks:
                continue
            if tunnel.status == 407 and route.setting.login:
                continue  # the login stands in a file and was not read, so it was not shown
            said = f"answered {tunnel.words}" if tunnel.status else tunnel.text
            breaks = asking(seen, endpoint, (route.setting.client,))
            source = route.setting.source
            yield NoTunnel(endpoint, f"{route.proxy} {said}", breaks, source=source)


def _words(seen: Observations, endpoint: str) -> str:
    """What the shell's proxy said when it was asked once more."""
    tunnels = [each.tunnel for each in routes(seen, endpoint) if each.setting.client == OWN]
    return next((each.words for each in tunnels if each is not None and not each.made), "")


def routes(seen: Observations, endpoint: str) -> tuple[ProxyRoute, ...]:
    """The ways of all clients to the endpoint, where some of them leads through a proxy."""
    found = seen.get(ProxyRoutes, endpoint)
    return found.routes if found else ()


def straight(seen: Observations, endpoint: str) -> tuple[str, ...]:
    """The clients that ask for the endpoint, but for those whose own proxy leads there."""
    led = {
        client
        for each in routes(seen, endpoint)
        if each.tunnel is not None and each.tunnel.made
        for client in users(each)
    }
    return tuple(each for each in asking(seen, endpoint) if each not in led)


def users(route: ProxyRoute) -> tuple[str, ...]:
    """The clients that go that way."""
    return BY_ENVIRONMENT if route.setting.client == OWN else (route.setting.client,)
