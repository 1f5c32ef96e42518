"""An answer whose body is still on the wire, and the exchange that it becomes."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from msgspec import Struct, field

from builder.transport import redaction
from builder.transport.endpoint import Endpoint
from builder.transport.errors import BodyTooLarge, TransportError
from builder.transport.exchange import EXCERPT, Exchange, Headers, header

if TYPE_CHECKING:
    import httpcore

_EXCERPT_SECONDS = 5.0  # for the rest of an error's body, which nobody waits for


class Outgoing(Struct):
    """What is known of a request before, and while, it is answered."""

    method: str
    url: str
    endpoint: Endpoint
    headers: Headers
    proxy: str = ""
    started: float = field(default_factory=time.time)
    clock: float = field(default_factory=time.monotonic)
    dialled: bool = False
    """Whether a connection was made for this request, as against one that was kept."""

    def exchange(
        self, response: Response | None = None, error: TransportError | None = None
    ) -> Exchange:
        """The finished exchange, redacted."""
        common = {
            "method": self.method,
            "url": redaction.url(self.url),
            "request_headers": redaction.headers(self.headers),
            "endpoint": self.endpoint,
            "started": self.started,
            "seconds": time.monotonic() - self.clock,
            "proxy": self.proxy,
            "error": error,
        }
        if response is None:
            return Exchange(**common, peer=error.peer if error else "")  # type: ignore[arg-type]
        return Exchange(
            **common,  # type: ignore[arg-type]
            status=response.status,
            response_headers=redaction.headers(response.headers),
            body=redaction.body(bytes(response.excerpt)),
            received=response.received,
            peer=response.peer,
            tls_version=response.tls_version,
            certificate=response.certificate,
        )


Translate = Callable[[Outgoing, BaseException], TransportError]


class Response:
    """Status and headers; the body comes from ``chunks`` or ``read``, once.

    ``url`` is the URL that answered, after redirects, not redacted: it may hold a signature.
    """

    def __init__(self, outgoing: Outgoing, raw: httpcore.Response, translate: Translate) -> None:
        self.outgoing = outgoing
        self._raw = raw
        self._translate = translate
        self.status: int = raw.status
        self.headers: Headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in raw.headers
        )
        self.url = outgoing.url
        self.endpoint = outgoing.endpoint
        self.received = 0
        self.excerpt = bytearray()
        self.error: TransportError | None = None
        stream = raw.extensions["network_stream"]
        self.peer: str = stream.get_extra_info("peer") or ""
        tls = stream.get_extra_info("ssl_object")
        self.tls_version: str = tls.version() or "" if tls is not None else ""
        self.certificate: bytes = tls.getpeercert(binary_form=True) or b"" if tls else b""
        self._body: AsyncIterator[bytes] = raw.aiter_stream().__aiter__()
        self._peeked: list[bytes] = []
        self._keeps_excerpt = not self.ok or "json" in self.header("Content-Type")

    @property
    def ok(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300

    def header(self, name: str) -> str:
        return header(self.headers, name)

    def header_values(self, name: str) -> tuple[str, ...]:
        """Every field of that name, in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it arrives, its content coding left on. Raises TransportError."""
        peeked, self._peeked = self._peeked, []
        for chunk in peeked:
            yield chunk
        while (next_chunk := await self._next()) is not None:
            yield next_chunk

    async def peek(self, size: int) -> bytes:
        """The start of the body, at least ``size`` bytes of it; ``chunks`` gives it again."""
        while sum(map(len, self._peeked)) < size:
            chunk = await self._next()
            if chunk is None:
                break
            self._peeked.append(chunk)
        return b"".join(self._peeked)

    async def _next(self) -> bytes | None:
        try:
            chunk = await anext(self._body, None)
        except Exception as error:
            translated = self._translate(self.outgoing, error)
            if translated is error:
                raise
            self.error = translated
            raise translated from error
        if chunk is not None:
            self.received += len(chunk)
            if self._keeps_excerpt and len(self.excerpt) < EXCERPT:
                self.excerpt += chunk[: EXCERPT - len(self.excerpt)]
        return chunk

    async def read(self, limit: int) -> bytes:
        """The whole body, its gzip coding undone. Raises BodyTooLarge, TransportError."""
        body = bytearray()
        async with aclosing(self.chunks()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > limit:
                    raise BodyTooLarge(redaction.url(self.url), limit)
        coding = self.header("Content-Encoding").strip().lower()
        if coding in ("gzip", "x-gzip") and body[:2] == b"\x1f\x8b":
            return self._unpacked(bytes(body), limit)
        return bytes(body)

    def _unpacked(self, body: bytes, limit: int) -> bytes:
        unzip = zlib.decompressobj(wbits=31)
        try:
            plain = unzip.decompress(body, limit + 1)
        except zlib.error:
            return body  # mislabelled: what it is, its digest will tell
        if len(plain) > limit:
            raise BodyTooLarge(redaction.url(self.url), limit)
        return plain

    async def finish(self) -> None:
        """Keep the start of an unread error body as evidence, and give the connection back."""
        try:
            if not self.ok and not self.received and self.error is None:
                async with asyncio.timeout(_EXCERPT_SECONDS), aclosing(self.chunks()) as chunks:
                    async for _ in chunks:
                        if self.received >= EXCERPT:
                            break
        except (TransportError, TimeoutError):
            pass  # the status is what counts; a broken body is recorded in ``self.error``
        finally:
            await self._raw.aclose()
            if isinstance(self._body, AsyncGenerator):
                await self._body.aclose()


class Reply(Struct, frozen=True):
    """An answer with its whole body (gzip coding undone), and the last exchange it took."""

    status: int
    headers: Headers
    body: bytes
    url: str
    exchange: Exchange

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def header(self, name: str) -> str:
        return header(self.headers, name)

    def header_values(self, name: str) -> tuple[str, ...]:
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)
