"""A proxy of this environment that makes no tunnel, as two checks have it in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from regdoctor.checks.judging import asking
from regdoctor.clients.table import OWN
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.network import Connection
from regdoctor.observations.store import Observations

_BY_ENVIRONMENT = ("podman", OWN)
"""Who reads the shell's proxies. Daemons have settings of their own, which were not asked."""


@dataclass(frozen=True, slots=True)
class NoTunnel:
    """``text`` is Go's, without its ``proxyconnect tcp:``; ``answer`` what the request ended in."""

    endpoint: str
    text: str
    breaks: tuple[str, ...]
    answer: Answer | None = None

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
            yield NoTunnel(endpoint, what, asking(seen, endpoint, _BY_ENVIRONMENT), answer)
