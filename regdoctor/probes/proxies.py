"""The ways of all clients of this host through their proxies, and whether a tunnel comes about."""

from __future__ import annotations

import asyncio
import base64
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace

from builder.transport import Endpoint
from builder.transport.proxy import InvalidProxy, Proxy, ProxyRules
from regdoctor.observations.host import AskedClients, HostFiles
from regdoctor.observations.http import Ping
from regdoctor.observations.network import Resolution, Role
from regdoctor.observations.proxies import (
    ProxyRoute,
    ProxyRoutes,
    ProxySetting,
    ShellProxies,
    Tunnel,
    daemon_settings,
)
from regdoctor.observations.store import HOST, Observations
from regdoctor.probes.network import connect_words

MOST_PROXIES = 6
"""Proxies that are asked for one endpoint."""
_MOST_ANSWER = 8 * 1024
_TITLE = re.compile(r"<title[^>]*>(.{1,200}?)</title>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class ProxyProbe:
    """Asks the proxies of daemons and builders, and the shell's own where no answer came.

    ``rules`` are the shell's. Without a proxy the endpoint is tried as well, where the shell
    has one and a daemon has none. Nothing but the name of the endpoint is sent.
    """

    rules: ProxyRules
    overrides: Mapping[tuple[str, int], str]
    timeout: float = 5.0

    name = "proxies"
    gives = ProxyRoutes
    needs: tuple[type, ...] = (Role,)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        if endpoint.loopback:
            return False  # clients never go through a proxy there
        lookup = seen.get(Resolution, endpoint.url)
        if not seen.has(Ping, endpoint.url) and not (lookup and lookup.fault):
            return False  # it is not known yet how the shell's own way goes
        return any(route.proxy for route in self._routes(endpoint, seen))

    async def observe(self, endpoint: Endpoint, seen: Observations) -> ProxyRoutes:
        routes = self._routes(endpoint, seen)
        ping = seen.get(Ping, endpoint.url)
        answered = ping is not None and ping.answer.status > 0
        shell, others = routes[0], routes[1:]
        wanted = {each.proxy: each.setting for each in others if each.proxy}
        if not answered and shell.proxy:
            wanted[shell.proxy] = shell.setting
        asked = list(wanted)[:MOST_PROXIES]
        straight = bool(shell.proxy) and (not answered or any(not each.proxy for each in others))
        tunnels, (tried, addresses, why) = await asyncio.gather(
            asyncio.gather(*(self._tunnel(url, endpoint) for url in asked)),
            self._straight(endpoint, straight),
        )
        made = dict(zip(asked, tunnels, strict=True))
        found = tuple(replace(each, tunnel=made.get(each.proxy)) for each in routes)
        return ProxyRoutes(found, tried, why, addresses)

    def _routes(self, endpoint: Endpoint, seen: Observations) -> list[ProxyRoute]:
        """The shell's first."""
        own = seen.get(ShellProxies, HOST)
        files = seen.get(HostFiles, HOST) or HostFiles()
        asked = seen.get(AskedClients, HOST)
        settings = [own.setting] if own else [ProxySetting("regdoctor", "the environment")]
        settings += daemon_settings(files, asked.names if asked else ())
        return [ProxyRoute(each, _proxy(each, endpoint)) for each in settings]

    async def _tunnel(self, url: str, endpoint: Endpoint) -> Tunnel | None:
        proxy = Proxy.parse(url)
        if proxy.scheme.startswith("socks"):
            return None
        own = self._own(endpoint)
        login = own.credential if own is not None and own.url == url else None
        proxy = replace(proxy, credential=login)
        try:
            async with asyncio.timeout(2 * self.timeout):
                return await _asked(proxy, endpoint, self.timeout)
        except TimeoutError:
            return Tunnel(text=_no_answer(self.timeout))

    def _own(self, endpoint: Endpoint) -> Proxy | None:
        try:
            return self.rules.proxy_for(endpoint)
        except InvalidProxy:
            return None

    async def _straight(
        self, endpoint: Endpoint, wanted: bool
    ) -> tuple[bool, tuple[str, ...], str]:
        """Whether it was tried, the addresses, and why none of them could be reached."""
        if not wanted:
            return False, (), ""
        host = self.overrides.get((endpoint.host, endpoint.port), endpoint.host)
        loop = asyncio.get_running_loop()
        addresses: tuple[str, ...] = ()
        try:
            async with asyncio.timeout(self.timeout):
                found = await loop.getaddrinfo(host, endpoint.port, type=socket.SOCK_STREAM)
                addresses = tuple(dict.fromkeys(str(each[4][0]) for each in found))
                _, writer = await asyncio.open_connection(addresses[0], endpoint.port)
        except TimeoutError:
            return True, addresses, _no_answer(self.timeout)
        except (socket.gaierror, UnicodeError):
            return True, (), f"lookup {endpoint.host}: no such host"
        except OSError as error:
            return True, addresses, connect_words(error)[1]
        writer.transport.abort()
        return True, addresses, ""


def _proxy(setting: ProxySetting, endpoint: Endpoint) -> str:
    variables = {
        "HTTPS_PROXY": setting.https,
        "HTTP_PROXY": setting.http,
        "NO_PROXY": setting.no_proxy,
    }
    try:
        proxy = ProxyRules(variables).proxy_for(endpoint)
    except InvalidProxy:
        return ""
    return proxy.url if proxy else ""


async def _asked(proxy: Proxy, endpoint: Endpoint, seconds: float) -> Tunnel:
    """CONNECT as a client would send it; where no HTTP came, what the port speaks instead."""
    from regdoctor.probes.proxied import through

    try:
        if proxy.scheme == "https":
            said, tls = await asyncio.gather(
                _said_in_clear(proxy, endpoint, seconds), _tls(proxy, seconds)
            )
            if not tls and said is None:
                return Tunnel(text=_no_answer(seconds))
            if not tls:
                said = said or b""
                speaks = said.startswith(b"HTTP/")
                text = "it does not speak TLS"
                return Tunnel(text=text, speaks="http" if speaks else "", first_bytes=said[:64])
            try:
                _, writer = await through(proxy, endpoint)
            except OSError as error:
                status = re.search(r"answered CONNECT with (\d{3})(.*)", str(error))
                if status is None:
                    return Tunnel(text=str(error))
                return Tunnel(int(status[1]), (status[1] + status[2]).strip())
            writer.transport.abort()
            return Tunnel(200, "200")
        said = await _said_in_clear(proxy, endpoint, seconds)
    except TimeoutError:
        raise  # in time for nothing: the caller says so
    except OSError as error:
        shown = f"dial tcp {proxy.host}:{proxy.port}: {connect_words(error)[1]}"
        return Tunnel(text=shown)
    if said is None:
        # What speaks TLS takes CONNECT for a broken record, and says so or closes at once.
        return Tunnel(text=_no_answer(seconds))
    if said.startswith(b"HTTP/"):
        return _read(said)
    speaks_tls = said[:2] in (b"\x15\x03", b"\x16\x03", b"") and await _tls(proxy, seconds)
    text = "it does not answer in HTTP" if said else "it closes the connection without a word"
    return Tunnel(text=text, speaks="tls" if speaks_tls else "", first_bytes=said[:64])


def _no_answer(seconds: float) -> str:
    return f"no answer in {seconds:g} s"


async def _said_in_clear(proxy: Proxy, endpoint: Endpoint, seconds: float) -> bytes | None:
    """What came for CONNECT in the clear, up to its head and the beginning of a page; None where
    nothing came in time, and the connection stayed."""
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(proxy.host, proxy.port)
    try:
        target = f"{endpoint.hostname}:{endpoint.port}"
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        if proxy.credential is not None and proxy.scheme == "http":
            secret = base64.b64encode(":".join(proxy.credential).encode()).decode()
            lines.append(f"Proxy-Authorization: Basic {secret}")
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        said = b""
        try:
            async with asyncio.timeout(seconds):
                while len(said) < _MOST_ANSWER and (more := await reader.read(4096)):
                    said += more
                    if not said.startswith(b"HTTP/") or _whole(said):
                        break
        except TimeoutError:
            return said or None
        except ConnectionError:
            pass
        return said
    finally:
        writer.transport.abort()


def _whole(said: bytes) -> bool:
    """A tunnel has no body, and a refusal is told by its head and title."""
    head, end, body = said.partition(b"\r\n\r\n")
    made = head.partition(b" ")[2].startswith(b"2")
    return bool(end) and (made or b"</title>" in body.lower())


async def _tls(proxy: Proxy, seconds: float) -> bool:
    from builder.transport.handshake import HandshakeError, HandshakeStage, greet

    try:
        await greet(proxy.host, proxy.port, proxy.host, timeout=seconds)
    except HandshakeError as error:
        return error.stage is HandshakeStage.ALERT
    return True


def _read(said: bytes) -> Tunnel:
    head, _, body = said.partition(b"\r\n\r\n")
    line = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 1)[-1].strip()
    code = line[:3]
    title = _TITLE.search(body.decode("utf-8", "replace"))
    words = f"{line} ({' '.join(title[1].split())})" if title else line
    return Tunnel(int(code) if code.isdecimal() else 0, words)
