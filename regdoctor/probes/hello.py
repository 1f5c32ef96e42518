"""Handshakes of other shapes: long hellos, small packets, one version alone.

They ask what a timeout leaves open: does the path lose large packets, or does something on it
not take a hello that needs two of them?
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from builder.transport import Endpoint
from builder.transport.proxy import ProxyRules
from regdoctor.observations.http import Ping
from regdoctor.observations.network import Connection, Resolution
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import (
    HelloTry,
    LargeHello,
    ServedChain,
    SmallSegments,
    TlsVersions,
)
from regdoctor.probes.proxied import Streams, proxy_of
from regdoctor.probes.tls import fault_of

SEGMENT = 536
"""Octets of TCP in a packet that every path carries (RFC 9293, 3.7.1)."""
LARGE = 1574
SMALL = 352
"""Octets of our hellos, with a name of usual length."""

_SILENT = ("timeout", "reset", "closed")


@dataclass(frozen=True, slots=True)
class LargeHelloProbe:
    """Beside the usual handshake, not after it. Through a proxy, packets are the proxy's."""

    timeout: float = 10.0
    proxies: ProxyRules = field(default_factory=ProxyRules)

    name = "hello"
    gives = LargeHello
    needs: tuple[type, ...] = (Resolution,)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        found = seen.get(Resolution, endpoint.url)
        known = found is not None and bool(found.addresses)
        return known and endpoint.scheme == "https" and proxy_of(self.proxies, endpoint) is None

    async def observe(self, endpoint: Endpoint, seen: Observations) -> LargeHello:
        address = _address(seen, endpoint)
        whole = await _try(self._greet(endpoint, address, 0), LARGE, 0)
        if whole.fault not in _SILENT or not await self._small_passes(endpoint, seen):
            return LargeHello(whole)
        pieces = await _try(self._greet(endpoint, address, SEGMENT), LARGE, SEGMENT)
        if pieces.fault:
            last = await _try(self._greet(endpoint, address, 0, large=False), SMALL, 0)
        else:
            last = await _try(self._greet(endpoint, address, 0), LARGE, 0)
        return LargeHello(whole, pieces, last)

    async def _small_passes(self, endpoint: Endpoint, seen: Observations) -> bool:
        """Whether the usual handshake, which began when this did, comes about."""
        deadline = time.monotonic() + self.timeout
        while time.monotonic() < deadline:
            served = seen.get(ServedChain, endpoint.url)
            if served is not None:
                return not served.fault
            if seen.failure(ServedChain, endpoint.url) is not None:
                return False
            await asyncio.sleep(0.05)
        return False

    def _greet(
        self, endpoint: Endpoint, address: str, segment: int, *, large: bool = True
    ) -> Awaitable[object]:
        from builder.transport.handshake import greet

        return greet(
            endpoint.host,
            endpoint.port,
            endpoint.host,
            post_quantum=large,
            timeout=self.timeout,
            open_stream=_opening(address, endpoint.port, segment),
        )


@dataclass(frozen=True, slots=True)
class SmallSegmentsProbe:
    """After a handshake that got no answer: the same, in packets that no path is too narrow for."""

    timeout: float = 10.0
    proxies: ProxyRules = field(default_factory=ProxyRules)

    name = "segments"
    gives = SmallSegments
    needs: tuple[type, ...] = (ServedChain, Resolution)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        served = seen.get(ServedChain, endpoint.url)
        silent = served is not None and served.fault == "timeout"
        return silent and proxy_of(self.proxies, endpoint) is None

    async def observe(self, endpoint: Endpoint, seen: Observations) -> SmallSegments:
        attempt = await self._again(endpoint, seen, SEGMENT)
        if attempt.fault:
            return SmallSegments(attempt)
        return SmallSegments(attempt, await self._again(endpoint, seen, 0))

    async def _again(self, endpoint: Endpoint, seen: Observations, segment: int) -> HelloTry:
        from builder.transport.handshake import read_chain

        work = read_chain(
            endpoint.host,
            endpoint.port,
            endpoint.host,
            timeout=self.timeout,
            open_stream=_opening(_address(seen, endpoint), endpoint.port, segment),
        )
        return await _try(work, SMALL, segment)


@dataclass(frozen=True, slots=True)
class VersionsProbe:
    """Each version alone, side by side, where the server took none of what was offered."""

    timeout: float = 5.0
    proxies: ProxyRules = field(default_factory=ProxyRules)

    name = "versions"
    gives = TlsVersions
    needs: tuple[type, ...] = (ServedChain, Resolution)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        served, ping = seen.get(ServedChain, endpoint.url), seen.get(Ping, endpoint.url)
        if served is None or proxy_of(self.proxies, endpoint) is not None:
            return False
        refused = ping is not None and ping.answer.fault == "tls"
        return served.fault == "alert" or (not served.fault and refused)

    async def observe(self, endpoint: Endpoint, seen: Observations) -> TlsVersions:
        from builder.transport.handshake import VERSIONS, greet

        address = _address(seen, endpoint)

        async def takes(version: int) -> bool:
            work = greet(
                endpoint.host,
                endpoint.port,
                endpoint.host,
                versions=(version,),
                timeout=self.timeout,
                address=address,
            )
            return not (await _try(work, SMALL, 0)).fault

        answers = await asyncio.gather(*map(takes, VERSIONS))
        named = tuple(zip(VERSIONS.values(), answers, strict=True))
        return TlsVersions(
            tuple(name for name, taken in named if taken),
            tuple(name for name, taken in named if not taken),
        )


async def _try(work: Awaitable[object], octets: int, segment: int) -> HelloTry:
    from builder.transport.handshake import HandshakeError

    began = time.monotonic()
    try:
        await work
    except HandshakeError as error:
        seconds = time.monotonic() - began
        return HelloTry(octets, segment, fault_of(error), str(error), seconds)
    return HelloTry(octets, segment, seconds=time.monotonic() - began)


def _address(seen: Observations, endpoint: Endpoint) -> str:
    """An address that took a connection, or the first."""
    reached = seen.get(Connection, endpoint.url)
    if reached is not None:
        for each in reached.attempts:
            if not each.fault:
                return each.address.rpartition(":")[0].strip("[]")
    found = seen.get(Resolution, endpoint.url)
    return found.addresses[0] if found and found.addresses else endpoint.host


def _opening(address: str, port: int, segment: int) -> Callable[[], Awaitable[Streams]]:
    """A connection whose packets carry at most ``segment`` octets either way; 0: as usual."""

    async def connect() -> Streams:
        if not segment:
            return await asyncio.open_connection(address, port)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            # Told to the other side with SYN, so that its packets are small too.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
            await asyncio.get_running_loop().sock_connect(sock, (address, port))
            return await asyncio.open_connection(sock=sock)
        except BaseException:
            sock.close()
            raise

    return connect
