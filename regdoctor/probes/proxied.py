"""A connection to an endpoint as clients make it: direct, or through their HTTP proxy."""

from __future__ import annotations

import asyncio
import base64
import ssl

from builder.transport import Endpoint
from builder.transport.proxy import InvalidProxy, Proxy, ProxyRules

_MOST_HEADER = 16 * 1024

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def proxy_of(rules: ProxyRules, endpoint: Endpoint) -> Proxy | None:
    """The proxy for the endpoint; None for a direct connection, or a setting that is no proxy
    (which the requests themselves report)."""
    try:
        return rules.proxy_for(endpoint)
    except InvalidProxy:
        return None


async def through(proxy: Proxy, endpoint: Endpoint) -> Streams:
    """A tunnel to the endpoint by CONNECT. Raises OSError, also for a proxy that refuses."""
    # Nothing is entrusted to the proxy but a host name, so its certificate is not judged here.
    context = ssl._create_unverified_context() if proxy.scheme == "https" else None  # noqa: S323
    reader, writer = await asyncio.open_connection(
        proxy.host, proxy.port, ssl=context, limit=_MOST_HEADER
    )
    try:
        target = f"{endpoint.hostname}:{endpoint.port}"
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        if proxy.credential is not None:
            secret = base64.b64encode(":".join(proxy.credential).encode()).decode()
            lines.append(f"Proxy-Authorization: Basic {secret}")
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise OSError(f"the proxy {proxy.url} broke CONNECT off") from error
        status = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 1)[-1]
        if not status.startswith("2"):
            raise OSError(f"the proxy {proxy.url} answered CONNECT with {status}")
    except BaseException:
        writer.transport.abort()
        raise
    return reader, writer
