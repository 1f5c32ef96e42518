"""Requests to a host as its settings ask for: trust, time limit, http where https is not spoken."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from builder.registry.hosts import Host
from builder.transport.endpoint import Endpoint, InvalidEndpoint
from builder.transport.errors import TransportError
from builder.transport.exchange import Exchange

if TYPE_CHECKING:
    from builder.transport.response import Reply, Response
    from builder.transport.transport import Body, Transport

_SPOKE_HTTP = "server gave HTTP response"
_COMPLAINT = 4096


class Wire:
    """One transport, and which hosts turned out to speak the other scheme."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._scheme: dict[Endpoint, str] = {}

    def scheme(self, host: Host) -> str:
        """What ``host`` speaks, as far as it is known."""
        return self._scheme.get(host.endpoint, host.endpoint.scheme)

    def owns(self, host: Host, url: str) -> bool:
        """Whether ``url`` is at ``host`` itself, so that it may see its credential."""
        try:
            target = Endpoint.parse(url)
        except InvalidEndpoint:
            return False
        other = host.endpoint
        if target == other:
            return True
        same = target.host == other.host and target.scheme == self.scheme(host)
        return same and (target.port == other.port or (target.default_port and other.default_port))

    @asynccontextmanager
    async def stream(
        self,
        host: Host,
        method: str,
        url: str,
        *,
        log: list[Exchange],
        headers: Mapping[str, str] | None = None,
        content: Body | None = None,
        redirects: bool = True,
    ) -> AsyncIterator[Response]:
        """The answer, unread; its exchanges are appended to ``log``. Raises TransportError."""
        first: TransportError | None = None
        while True:
            met = host.endpoint in self._scheme
            try:
                async with self.transport.stream(
                    method,
                    self._effective(host, url),
                    headers=headers,
                    content=content,
                    trust=host.trust,
                    redirects=redirects,
                    connect_timeout=host.connect_timeout,
                    on_exchange=log.append,
                ) as response:
                    wrong = not met and await self._wants_tls(host, method, response, log)
                    if not wrong:
                        self._scheme.setdefault(host.endpoint, host.endpoint.scheme)
                        yield response
                        return
            except TransportError as error:
                if first is not None and not _is_tls(error):
                    # No TLS there either: the first error was the point.
                    self._scheme[host.endpoint] = host.endpoint.scheme
                    raise first from error
                if met or host.endpoint in self._scheme or not self._other_scheme(host, url, error):
                    raise
                first = error if host.https_upgrade else None
            self._scheme[host.endpoint] = "http" if host.http_fallback else "https"

    async def request(
        self,
        host: Host,
        method: str,
        url: str,
        *,
        log: list[Exchange],
        headers: Mapping[str, str] | None = None,
        content: Body | None = None,
        limit: int = 4 * 1024 * 1024,
        redirects: bool = True,
    ) -> Reply:
        """As ``stream``, with the body read. Raises TransportError, BodyTooLarge."""
        from builder.transport.response import Reply

        async with self.stream(
            host, method, url, log=log, headers=headers, content=content, redirects=redirects
        ) as response:
            body = await response.read(limit)
        return Reply(response.status, response.headers, body, response.url, log[-1])

    def _effective(self, host: Host, url: str) -> str:
        scheme = self._scheme.get(host.endpoint, host.endpoint.scheme)
        if scheme != host.endpoint.scheme and url.startswith(host.endpoint.url + "/"):
            return scheme + url[url.index("://") :]
        return url

    def _other_scheme(self, host: Host, url: str, error: TransportError) -> bool:
        """Whether ``error`` says that the server speaks the other scheme.

        Towards http as containerd's HTTPFallback decides it: never for a bad certificate.
        """
        if not url.startswith(host.endpoint.url + "/"):
            return False
        if host.http_fallback and error.stage == "tls":
            return error.timed_out or _SPOKE_HTTP in error.cause
        if host.http_fallback and error.stage == "connect":
            return host.endpoint.default_port
        return host.https_upgrade and error.stage in ("read", "protocol")

    async def _wants_tls(
        self, host: Host, method: str, response: Response, log: list[Exchange]
    ) -> bool:
        """Whether a server with TLS says in clear text that it wants no clear text.

        It says so in the body of a 400; the 400 of a HEAD has none, so TLS itself is tried.
        """
        if not host.https_upgrade or response.status != 400:
            return False
        if method != "HEAD":
            body = (await response.peek(_COMPLAINT)).lower()
            return b"https" in body or b"ssl" in body
        url = "https" + host.endpoint.url.removeprefix("http") + "/v2/"
        try:
            async with self.transport.stream(
                "GET",
                url,
                trust=host.trust,
                connect_timeout=host.connect_timeout,
                on_exchange=log.append,
            ):
                return True
        except TransportError as error:
            return _is_tls(error)


def _is_tls(error: TransportError) -> bool:
    """Whether a failed handshake shows that there is TLS at all."""
    return error.certificate_refused or error.cause.startswith(("tls: failed", "remote error: tls"))


def detail_of(body: bytes) -> str:
    """The messages of an ``errors`` document (distribution-spec, "Error Codes"), or nothing.

    Also of the single ``error``/``details`` that some token services send.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(document, dict):
        return ""
    errors = document.get("errors")
    words: list[str] = []
    for error in errors if isinstance(errors, list) else [document]:
        if isinstance(error, dict):
            code = str(error.get("code") or error.get("error") or "")
            message = str(error.get("message") or error.get("details") or "")
            words.append(": ".join(part for part in (code.lower(), message) if part))
    return ", ".join(word for word in words if word)[:500]
