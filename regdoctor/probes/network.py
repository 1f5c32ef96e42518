"""Names and connections."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from builder.transport import Endpoint
from builder.transport.proxy import ProxyRules
from regdoctor.observations.network import (
    ConnectAttempt,
    ConnectFault,
    Connection,
    LookupFault,
    Resolution,
)
from regdoctor.observations.store import Observations
from regdoctor.probes.proxied import proxy_of

RESOLV_CONF = Path("/etc/resolv.conf")
MOST_ADDRESSES = 6
"""Addresses of one name that are tried."""

_LOOKUP: dict[int, LookupFault] = {
    socket.EAI_NONAME: "no-such-host",
    socket.EAI_NODATA: "no-such-host",
    socket.EAI_AGAIN: "temporary",
    socket.EAI_FAIL: "temporary",
}
_CONNECT: dict[int, tuple[ConnectFault, str]] = {
    errno.ECONNREFUSED: ("refused", "connection refused"),
    errno.ECONNRESET: ("reset", "connection reset by peer"),
    errno.EHOSTUNREACH: ("unreachable", "no route to host"),
    errno.ENETUNREACH: ("unreachable", "network is unreachable"),
    errno.ETIMEDOUT: ("timeout", "connection timed out"),
}


@dataclass(frozen=True, slots=True)
class Lookup:
    """The system's resolver, or the address that ``overrides`` (host, port) gives."""

    overrides: Mapping[tuple[str, int], str] = field(default_factory=dict)
    proxies: ProxyRules = field(default_factory=ProxyRules)
    timeout: float = 10.0

    name = "dns"
    gives = Resolution
    needs: tuple[type, ...] = ()

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        """Behind a proxy it is the proxy that resolves the name."""
        return proxy_of(self.proxies, endpoint) is None

    async def observe(self, endpoint: Endpoint, seen: Observations) -> Resolution:
        given = self.overrides.get((endpoint.host, endpoint.port))
        host = given or endpoint.host
        if _literal(host):
            return Resolution(endpoint.host, (host,), fixed=True)
        began = time.monotonic()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.timeout):
                found = await loop.getaddrinfo(host, endpoint.port, type=socket.SOCK_STREAM)
        except TimeoutError:
            text = f"no answer in {self.timeout:.0f} s"
            return Resolution(
                endpoint.host,
                fault="timeout",
                text=text,
                seconds=self.timeout,
                servers=nameservers(),
            )
        except UnicodeError as error:
            return Resolution(endpoint.host, fault="no-such-host", text=str(error))
        except socket.gaierror as error:
            fault = _LOOKUP.get(error.errno or 0, "other")
            text = "no such host" if fault == "no-such-host" else (error.strerror or str(error))
            seconds = time.monotonic() - began
            servers = nameservers()
            return Resolution(
                endpoint.host, fault=fault, text=text, seconds=seconds, servers=servers
            )
        addresses = tuple(dict.fromkeys(str(item[4][0]) for item in found))
        return Resolution(endpoint.host, addresses, seconds=time.monotonic() - began)


@dataclass(frozen=True, slots=True)
class Connect:
    """A TCP connection to every address of the name, side by side, closed at once."""

    timeout: float = 10.0

    name = "tcp"
    gives = Connection
    needs: tuple[type, ...] = (Resolution,)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        found = seen.get(Resolution, endpoint.url)
        return found is not None and bool(found.addresses)

    async def observe(self, endpoint: Endpoint, seen: Observations) -> Connection:
        found = seen.get(Resolution, endpoint.url)
        addresses = found.addresses[:MOST_ADDRESSES] if found else ()
        tries = (self._try(address, endpoint.port) for address in addresses)
        return Connection(tuple(await asyncio.gather(*tries)))

    async def _try(self, address: str, port: int) -> ConnectAttempt:
        shown = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.timeout):
                _, writer = await asyncio.open_connection(address, port)
        except TimeoutError:
            text = f"no answer in {self.timeout:.0f} s"
            return ConnectAttempt(shown, "timeout", text, self.timeout)
        except OSError as error:
            fault, text = connect_words(error)
            return ConnectAttempt(shown, fault, text, time.monotonic() - began)
        seconds = time.monotonic() - began
        writer.transport.abort()
        return ConnectAttempt(shown, seconds=seconds)


def connect_words(error: OSError) -> tuple[ConnectFault, str]:
    """Which way a connection failed, and Go's words for it."""
    number = error.errno or 0
    if not number:
        # Of several addresses, asyncio joins the errors into one text.
        return "other", str(error)
    return _CONNECT.get(number, ("other", os.strerror(number).lower()))


def nameservers() -> tuple[str, ...]:
    """Those of ``resolv.conf``; a small file, read only where a lookup failed."""
    try:
        lines = RESOLV_CONF.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    words = (line.split() for line in lines)
    return tuple(each[1] for each in words if len(each) > 1 and each[0] == "nameserver")


def _literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
