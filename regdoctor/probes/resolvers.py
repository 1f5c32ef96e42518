"""Each resolver of ``resolv.conf`` asked by itself, which the system's lookup does not show.

A query is one packet and so is its answer (RFC 1035, RFC 6891); nothing is retried, for a
resolver that loses packets is what one wants to see.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from builder.transport import Endpoint
from builder.transport.proxy import ProxyRules
from regdoctor.observations.network import (
    Connection,
    Resolution,
    ResolverAnswer,
    ResolverAnswers,
)
from regdoctor.observations.store import Observations
from regdoctor.probes.network import nameservers
from regdoctor.probes.proxied import proxy_of

MOST_RESOLVERS = 3
"""As many as the C library reads."""
_KINDS = {"A": 1, "AAAA": 28}
_RCODES = {
    0: "NOERROR",
    1: "FORMERR",
    2: "SERVFAIL",
    3: "NXDOMAIN",
    4: "NOTIMP",
    5: "REFUSED",
}
_RECURSION = 0x0100
_TRUNCATED = 0x0200
_SIZE = 1232
"""Octets of an answer that pass everywhere in one packet."""


@dataclass(frozen=True, slots=True)
class ResolversProbe:
    """Only after a sign of trouble: a name that does not resolve, addresses that cannot be
    reached. A and AAAA of every resolver at once."""

    proxies: ProxyRules = field(default_factory=ProxyRules)
    timeout: float = 3.0

    name = "resolvers"
    gives = ResolverAnswers
    needs: tuple[type, ...] = (Resolution,)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        found = seen.get(Resolution, endpoint.url)
        if found is None or found.fixed or proxy_of(self.proxies, endpoint) is not None:
            return False
        reached = seen.get(Connection, endpoint.url)
        return bool(found.fault) or (reached is not None and not reached.reached)

    async def observe(self, endpoint: Endpoint, seen: Observations) -> ResolverAnswers:
        return await ask_all(nameservers(), endpoint.host, self.timeout)


async def ask_all(servers: Iterable[str], host: str, seconds: float) -> ResolverAnswers:
    """A and AAAA of ``host`` from each of the first three ``servers`` (``address`` or
    ``address#port``)."""
    wanted = [(each, kind) for each in list(servers)[:MOST_RESOLVERS] for kind in _KINDS]
    answers = await asyncio.gather(*(_ask(server, host, kind, seconds) for server, kind in wanted))
    return ResolverAnswers(host, tuple(answers))


class _Query(asyncio.DatagramProtocol):
    """Waits for the packet with the number of the query, its first two octets."""

    def __init__(self, number: bytes) -> None:
        self._number = number
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        if data[:2] == self._number and not self.answer.done():
            self.answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _ask(server: str, host: str, kind: str, seconds: float) -> ResolverAnswer:
    address, _, port = server.partition("#")
    began = time.monotonic()
    try:
        packet = question(host, kind)
        async with asyncio.timeout(seconds):
            loop = asyncio.get_running_loop()
            transport, query = await loop.create_datagram_endpoint(
                lambda: _Query(packet[:2]), remote_addr=(address, int(port or 53))
            )
            try:
                transport.sendto(packet)
                said = await query.answer
            finally:
                transport.close()
        rcode, addresses, text = read(said, kind)
    except TimeoutError:
        return ResolverAnswer(server, kind, text=f"no answer in {seconds:.0f} s", seconds=seconds)
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        return ResolverAnswer(server, kind, text=words, seconds=time.monotonic() - began)
    except ValueError as error:
        return ResolverAnswer(server, kind, text=str(error), seconds=time.monotonic() - began)
    return ResolverAnswer(server, kind, rcode, addresses, text, time.monotonic() - began)


def question(host: str, kind: str) -> bytes:
    """A query packet with EDNS. Raises ValueError for what is no name."""
    labels = [each.encode("idna") for each in host.rstrip(".").split(".")]
    if not all(0 < len(each) < 64 for each in labels):
        raise ValueError(f"{host} is no name")
    name = b"".join(bytes((len(each),)) + each for each in labels) + b"\x00"
    counts = b"".join(each.to_bytes(2, "big") for each in (_RECURSION, 1, 0, 0, 1))
    asked = name + _KINDS[kind].to_bytes(2, "big") + b"\x00\x01"
    edns = b"\x00" + (41).to_bytes(2, "big") + _SIZE.to_bytes(2, "big") + bytes(6)
    return os.urandom(2) + counts + asked + edns


def read(packet: bytes, kind: str) -> tuple[str, tuple[str, ...], str]:
    """(rcode, addresses, remark) of an answer. Raises ValueError for a malformed one."""
    if len(packet) < 12:
        raise ValueError("the answer is too short")
    flags, asked, given = (int.from_bytes(packet[at : at + 2], "big") for at in (2, 4, 6))
    rcode = _RCODES.get(flags & 0xF, f"rcode {flags & 0xF}")
    at = 12
    for _ in range(asked):
        at = _past_name(packet, at) + 4
    found = []
    for _ in range(given):
        at = _past_name(packet, at)
        head = packet[at : at + 10]
        size = int.from_bytes(head[8:10], "big")
        content = packet[at + 10 : at + 10 + size]
        if len(head) < 10 or len(content) < size:
            raise ValueError("the answer is malformed")
        at += 10 + size
        if int.from_bytes(head[:2], "big") == _KINDS[kind]:
            found.append(str(ipaddress.ip_address(content)))
    return rcode, tuple(found), "the answer was cut" if flags & _TRUNCATED else ""


def _past_name(packet: bytes, at: int) -> int:
    while at < len(packet):
        length = packet[at]
        if length >= 0xC0:
            return at + 2
        if not length:
            return at + 1
        at += 1 + length
    raise ValueError("the answer is malformed")
