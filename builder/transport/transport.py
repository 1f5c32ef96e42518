"""HTTP/1.1 over the network, one exchange at a time, each told to the observers.

What speaks it (``pools``) is loaded with the first request: many builds have none.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from builder.transport import redaction
from builder.transport.endpoint import Endpoint, InvalidEndpoint
from builder.transport.errors import InvalidOverride, TransportError
from builder.transport.exchange import Observer
from builder.transport.metadata import is_metadata
from builder.transport.proxy import InvalidProxy, Proxy, ProxyRules
from builder.transport.response import Outgoing, Reply, Response
from builder.transport.roots import system_roots
from builder.transport.trust import Trust, ssl_context
from builder.version import VERSION

if TYPE_CHECKING:
    import httpcore

    from builder.transport.tcp import Address

Body = bytes | Callable[[], AsyncIterable[bytes]]
"""A request's body; a stream is made anew for each time that it is sent."""

MAX_REDIRECTS = 10
READ_TIMEOUT = 300.0
"""Seconds without a byte: a cache may fetch a large blob whole before it sends the first."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def parse_override(text: str) -> tuple[Address, str]:
    """``HOST:PORT:ADDR``; an IPv6 address may stand in brackets. Raises InvalidOverride."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]:")
    else:
        host, _, rest = text.partition(":")
    port, _, address = rest.partition(":")
    address = address.removeprefix("[").removesuffix("]")
    if not host or not address or not port.isdecimal() or not 0 < int(port) < 65536:
        raise InvalidOverride(text)
    return (host.lower(), int(port)), address


class Transport:
    """Connections of one session, shared per endpoint, trust and proxy.

    ``resolve`` holds curl's ``HOST:PORT:ADDR``: the connection goes to ADDR, while name,
    certificate check and ``Host:`` stay. Proxies are those of ``environ``. ``trust`` is the
    default for requests that name none: the system's roots.
    """

    def __init__(
        self,
        *,
        trust: Trust | None = None,
        resolve: Iterable[str] = (),
        environ: Mapping[str, str] | None = None,
        connect_timeout: float = 30.0,
        tls_timeout: float = 10.0,
        read_timeout: float = READ_TIMEOUT,
        on_exchange: Observer | None = None,
        user_agent: str = "",
    ) -> None:
        self._trust = trust
        self._environ = environ
        self._overrides = dict(parse_override(text) for text in resolve)
        self._proxies = ProxyRules(environ)
        self._connect_timeout = connect_timeout
        self._tls_timeout = tls_timeout
        self._read_timeout = read_timeout
        self._observers: list[Observer] = [on_exchange] if on_exchange else []
        self._user_agent = user_agent or f"regdoctor/{VERSION}"
        self._contexts: dict[Trust, ssl.SSLContext] = {}
        # One for each endpoint: httpcore looks through a whole pool at every request.
        self._pools: dict[
            tuple[Endpoint, Trust | None, Proxy | None], httpcore.AsyncConnectionPool
        ] = {}

    @property
    def trust(self) -> Trust:
        """The default trust; the system's roots are read when they are first asked for."""
        if self._trust is None:
            self._trust = Trust(system_roots(self._environ))
        return self._trust

    def observe(self, observer: Observer) -> Callable[[], None]:
        """``observer`` gets every exchange from now on; call what is returned to end that."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    async def aclose(self) -> None:
        pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            await pool.aclose()

    async def __aenter__(self) -> Transport:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: Body | None = None,
        trust: Trust | None = None,
        redirects: bool = True,
        connect_timeout: float | None = None,
        read_timeout: float | None = None,
        on_exchange: Observer | None = None,
    ) -> AsyncIterator[Response]:
        """The answer, its body unread; every exchange, redirects too, goes to the observers.

        At most ten redirects are followed, to http and https only, and into no metadata
        service; ``Authorization`` and cookies stay with the host they were given for. Raises
        TransportError.
        """
        request = dict(headers or {})
        body = content
        believed = trust if trust is not None else self.trust
        timeouts = {
            "connect": connect_timeout or self._connect_timeout,
            "read": read_timeout or self._read_timeout,
            "write": read_timeout or self._read_timeout,
        }
        for hop in range(MAX_REDIRECTS + 1):
            response = await self._send(method, url, request, body, believed, timeouts, on_exchange)
            try:
                target = _redirect_of(response, method, body, hop) if redirects else None
            except TransportError as error:
                response.error = error
                await self._finish(response, on_exchange)
                raise
            if target is None:
                break
            await self._finish(response, on_exchange)
            if response.status in (301, 302, 303) and method not in ("GET", "HEAD"):
                method, body = "GET", None
            if not _same_host(url, target):
                request = {
                    name: value
                    for name, value in request.items()
                    if name.lower() not in ("authorization", "cookie", "www-authenticate")
                }
            url = target
        try:
            yield response
        finally:
            await self._finish(response, on_exchange)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: Body | None = None,
        trust: Trust | None = None,
        redirects: bool = True,
        limit: int = 4 * 1024 * 1024,
        connect_timeout: float | None = None,
        read_timeout: float | None = None,
        on_exchange: Observer | None = None,
    ) -> Reply:
        """As ``stream``, with the body read, ``limit`` bytes at most.

        Raises TransportError, BodyTooLarge.
        """
        seen = []

        def observer(exchange: Any) -> None:
            seen.append(exchange)
            if on_exchange is not None:
                on_exchange(exchange)

        async with self.stream(
            method,
            url,
            headers=headers,
            content=content,
            trust=trust,
            redirects=redirects,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            on_exchange=observer,
        ) as response:
            body = await response.read(limit)
        return Reply(response.status, response.headers, body, response.url, seen[-1])

    async def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: Body | None,
        trust: Trust,
        timeouts: Mapping[str, float],
        on_exchange: Observer | None,
    ) -> Response:
        from builder.transport import pools

        for resend in (True, False):
            outgoing = self._outgoing(method, url, headers, content)
            try:
                pool = self._pool(outgoing, trust)
                raw = await pool.handle_async_request(pools.request(outgoing, content, timeouts))
                return Response(outgoing, raw, pools.translated)
            except Exception as error:
                failure = pools.translated(outgoing, error)
                if failure is error:
                    raise
                self._tell(outgoing, None, failure, on_exchange)
                # The server closed a kept connection just as we used it: as Go does, ask
                # once more on a new one, where asking twice is safe.
                stale = not outgoing.dialled and failure.stage in ("read", "write")
                if not (stale and resend and method in ("GET", "HEAD")):
                    raise failure from error
        raise AssertionError("unreachable")

    def _outgoing(
        self, method: str, url: str, headers: Mapping[str, str], content: Body | None
    ) -> Outgoing:
        try:
            endpoint = Endpoint.parse(url)
        except InvalidEndpoint as error:
            raise error.__class__(redaction.url(url), "cannot be requested") from error
        given = {name.lower() for name in headers}
        fields = [("Host", endpoint.authority), ("User-Agent", self._user_agent)]
        if "accept-encoding" not in given:
            fields.append(("Accept-Encoding", "identity"))
        fields += headers.items()
        if "content-length" not in given and "transfer-encoding" not in given:
            if isinstance(content, bytes):
                fields.append(("Content-Length", str(len(content))))
            elif content is not None:
                fields.append(("Transfer-Encoding", "chunked"))
            elif method in ("POST", "PUT", "PATCH"):
                fields.append(("Content-Length", "0"))
        return Outgoing(method, _without_fragment(url), endpoint, tuple(fields))

    def _pool(self, outgoing: Outgoing, trust: Trust) -> httpcore.AsyncConnectionPool:
        from builder.transport import pools

        try:
            proxy = self._proxies.proxy_for(outgoing.endpoint)
        except InvalidProxy as error:
            raise pools.LayerError("proxy", str(error)) from error
        outgoing.proxy = proxy.url if proxy else ""
        believed = trust if outgoing.endpoint.scheme == "https" else None
        key = (outgoing.endpoint, believed, proxy)
        pool = self._pools.get(key)
        if pool is None:
            # The proxy's own certificate is judged by the system's roots, as Go does.
            secure = proxy is not None and proxy.scheme == "https"
            own = self._context(Trust(system_roots(self._environ))) if secure else None
            pool = self._pools[key] = pools.pool(
                self._context(believed) if believed is not None else None,
                own,
                proxy,
                overrides=self._overrides,
                tls_timeout=self._tls_timeout,
            )
        return pool

    def _context(self, trust: Trust) -> ssl.SSLContext:
        """Reading the roots of one takes as long as some handshakes."""
        if trust not in self._contexts:
            self._contexts[trust] = ssl_context(trust)
        return self._contexts[trust]

    async def _finish(self, response: Response, on_exchange: Observer | None) -> None:
        try:
            # An answer that was begun must be told even when the task is being cancelled.
            await response.finish()
        except asyncio.CancelledError:
            self._tell(response.outgoing, response, response.error, on_exchange)
            raise
        self._tell(response.outgoing, response, response.error, on_exchange)

    def _tell(
        self,
        outgoing: Outgoing,
        response: Response | None,
        error: TransportError | None,
        on_exchange: Observer | None,
    ) -> None:
        exchange = outgoing.exchange(response, error)
        for observer in self._observers:
            observer(exchange)
        if on_exchange is not None:
            on_exchange(exchange)


def _without_fragment(url: str) -> str:
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))


def _redirect_of(response: Response, method: str, content: Body | None, hop: int) -> str | None:
    """Where ``response`` sends us; None: nowhere. Raises TransportError where that is no place."""
    location = response.header("Location")
    if response.status not in _REDIRECTS or not location:
        return None
    if method not in ("GET", "HEAD") and response.status in (307, 308) and callable(content):
        return None  # the stream has been spent; the caller decides
    cause, target = "", ""
    try:
        target = urljoin(response.url, _quoted(location))
        if urlsplit(target).scheme not in ("http", "https"):
            cause = f"unsupported protocol scheme {urlsplit(target).scheme!r} in a redirect"
        host = Endpoint.parse(target).host
        if is_metadata(host) and not is_metadata(response.outgoing.endpoint.host):
            cause = f"a redirect to the link-local or metadata address {host} is not followed"
    except (ValueError, InvalidEndpoint) as error:
        cause = cause or f"failed to parse Location header {redaction.url(location)!r}: {error}"
    if hop == MAX_REDIRECTS:
        cause = f"stopped after {MAX_REDIRECTS} redirects"
    if not cause:
        return target
    outgoing = response.outgoing
    raise TransportError(
        stage="protocol",
        method=outgoing.method,
        url=redaction.url(outgoing.url),
        endpoint=outgoing.endpoint,
        cause=cause,
        peer=response.peer,
    )


def _quoted(location: str) -> str:
    """Bytes that no URL may have, percent-encoded; some servers send UTF-8 and blanks."""
    return quote(location.strip().encode("latin-1", "replace"), safe="%/:?#[]@!$&'()*+,;=-._~")


def _same_host(url: str, target: str) -> bool:
    """Same name and port; from http to https of one name is the same host as well."""
    try:
        old, new = Endpoint.parse(url), Endpoint.parse(target)
    except InvalidEndpoint:
        return False
    if old.host != new.host:
        return False
    upgraded = old.scheme == "http" and new.scheme == "https"
    return (old.scheme == new.scheme and old.port == new.port) or (
        upgraded and old.default_port and new.default_port
    )
