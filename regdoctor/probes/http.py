"""Requests to a registry: ``GET /v2/``, over TLS and in the clear, never with credentials."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from builder.oci.mediatypes import IMAGE_ACCEPT
from builder.registry import Host, Session
from builder.transport import Endpoint, Exchange, TransportError, Trust
from builder.transport.errors import BodyTooLarge
from regdoctor.observations.from_exchanges import answer_of
from regdoctor.observations.http import (
    Answer,
    ClearPort,
    CredentialUse,
    HeadRoute,
    LoginAnswer,
    Ping,
    PlainAnswer,
)
from regdoctor.observations.network import Resolution, Role
from regdoctor.observations.products import is_nexus
from regdoctor.observations.store import Failure, Observations
from regdoctor.observations.tls import ServedChain

_NOWHERE = "regdoctor/head-route-probe"
"""A repository that nobody has."""


@dataclass(frozen=True, slots=True)
class PingProbe:
    """The first question of every client.

    Where our own trust refuses the server's certificate, it is asked once more without
    verifying: nothing secret is sent, and the answer tells the server's clock and kind.
    """

    session: Session
    hosts: Mapping[str, Host]
    timeout: float = 10.0

    name = "ping"
    gives = Ping
    needs: tuple[type, ...] = ()

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        role, lookup = seen.get(Role, endpoint.url), seen.get(Resolution, endpoint.url)
        asked = role is not None and role.kind in ("registry", "mirror")
        return asked and endpoint.url in self.hosts and not (lookup and lookup.fault)

    async def observe(self, endpoint: Endpoint, seen: Observations) -> Ping:
        host = self.hosts[endpoint.url]
        try:
            async with asyncio.timeout(2 * self.timeout):
                said = await self.session.ping(host)
        except TimeoutError:
            # Each byte came in time, and the whole answer did not.
            why = f"no whole answer in {2 * self.timeout:.0f} s"
            url = f"{endpoint.url}/v2/"
            return Ping(Answer("GET", url, fault="timeout", timed_out=True, text=why))
        last = said.exchanges[-1] if said.exchanges else None
        if last is None:
            return Ping(Answer("GET", f"{endpoint.url}/v2/", fault="other", text=str(said.error)))
        if last.error is None or not last.error.certificate_refused:
            return Ping(answer_of(last), verified=endpoint.scheme == "https")
        unverified = Trust(host.trust.roots, True, host.trust.client_certificates)
        return Ping(await ask(self.session, endpoint, unverified, self.timeout))


@dataclass(frozen=True, slots=True)
class PlainProbe:
    """``GET /v2/`` in the clear, where no TLS handshake came about.

    Most servers answer a ClientHello with an HTTP error; some close, or say something else.
    """

    session: Session
    timeout: float = 10.0

    name = "plain-http"
    gives = PlainAnswer
    needs: tuple[type, ...] = (ServedChain,)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        served = seen.get(ServedChain, endpoint.url)
        return served is not None and served.fault in ("plain-http", "closed", "reset", "not-tls")

    async def observe(self, endpoint: Endpoint, seen: Observations) -> PlainAnswer:
        plain = Endpoint("http", endpoint.host, endpoint.port)
        return PlainAnswer(await ask(self.session, plain, None, self.timeout))


@dataclass(frozen=True, slots=True)
class ClearPortProbe:
    """``GET /v2/`` on port 80, where something else than a registry answers on port 443."""

    session: Session
    timeout: float = 10.0

    name = "port-80"
    gives = ClearPort
    needs: tuple[type, ...] = (Ping, Role)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        ping, role = seen.get(Ping, endpoint.url), seen.get(Role, endpoint.url)
        if ping is None or role is None or role.kind not in ("registry", "mirror"):
            return False
        if endpoint.scheme != "https" or not endpoint.default_port or not ping.answer.status:
            return False
        return ping.answer.status == 404 or ping.answer.html

    async def observe(self, endpoint: Endpoint, seen: Observations) -> ClearPort:
        plain = Endpoint("http", endpoint.host, 80)
        return ClearPort(await ask(self.session, plain, None, self.timeout))


@dataclass(frozen=True, slots=True)
class LoginProbe:
    """Whether the configured credentials are taken, where no image of the registry is asked for.

    Never over a connection that our own trust refuses. ``resolved`` as for HeadRouteProbe.
    """

    session: Session
    hosts: Mapping[str, Host]
    resolved: frozenset[str]

    name = "login"
    gives = LoginAnswer
    needs: tuple[type, ...] = (CredentialUse, Ping)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        use, ping = seen.get(CredentialUse, endpoint.url), seen.get(Ping, endpoint.url)
        host = self.hosts.get(endpoint.url)
        if use is None or not use.present or ping is None or host is None:
            return False
        safe = ping.verified or endpoint.scheme == "http"
        return safe and ping.answer.status == 401 and host.domain not in self.resolved

    async def observe(self, endpoint: Endpoint, seen: Observations) -> LoginAnswer | Failure:
        said = await self.session.authorize(self.hosts[endpoint.url], _NOWHERE)
        if not said.exchanges:
            return Failure(LoginAnswer.__name__, self.name, str(said.error))
        return LoginAnswer(answer_of(said.exchanges[-1]))


@dataclass(frozen=True, slots=True)
class HeadRouteProbe:
    """Whether a Nexus has a route for HEAD of manifests, where no image of it is asked for.

    ``resolved`` are the domains of which images are asked for: those tell by themselves.
    """

    session: Session
    hosts: Mapping[str, Host]
    resolved: frozenset[str]
    timeout: float = 10.0

    name = "head-route"
    gives = HeadRoute
    needs: tuple[type, ...] = (Ping,)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        """Other products have the route; they are not bothered."""
        ping = seen.get(Ping, endpoint.url)
        host = self.hosts.get(endpoint.url)
        if host is None or host.domain in self.resolved:
            return False
        return ping is not None and is_nexus(ping.answer)

    async def observe(self, endpoint: Endpoint, seen: Observations) -> HeadRoute:
        host = self.hosts[endpoint.url]
        ping = seen.get(Ping, endpoint.url)
        unverified = Trust(host.trust.roots, True, host.trust.client_certificates)
        trust = host.trust if ping is not None and ping.verified else unverified
        path = f"{host.path}/{_NOWHERE}/manifests/latest"
        head = await ask(self.session, endpoint, trust, self.timeout, "HEAD", path)
        got = await ask(self.session, endpoint, trust, self.timeout, "GET", path)
        return HeadRoute(head, got)


async def ask(
    session: Session,
    endpoint: Endpoint,
    trust: Trust | None,
    seconds: float,
    method: str = "GET",
    path: str = "/v2/",
) -> Answer:
    """A request without credentials and without following redirects."""
    told: list[Exchange] = []
    url = f"{endpoint.url}{path}"
    try:
        await session.transport.request(
            method,
            url,
            headers={"Accept": ", ".join(IMAGE_ACCEPT)} if path != "/v2/" else None,
            trust=trust,
            redirects=False,
            limit=64 * 1024,
            connect_timeout=seconds,
            read_timeout=seconds,
            on_exchange=told.append,
        )
    except (TransportError, BodyTooLarge) as error:
        if not told:
            return Answer(method, url, fault="other", text=str(error))
    return answer_of(told[-1])
