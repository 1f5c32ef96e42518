"""Sockets and TLS under the HTTP layer, as httpcore takes them.

A failure leaves here as LayerError: a DNS failure, a refused port and a bad certificate are
one class in HTTP libraries, and here three stages.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Iterable, Mapping
from typing import Any

import httpcore

from builder.transport import tlswords
from builder.transport.proxy import Proxy
from builder.transport.tcp import Address, LayerError, Resolver, Wire, first_to_answer

_PIECE = 256 * 1024  # bytes handed on at a time, so that buffers below stay small


class Network(httpcore.AsyncNetworkBackend):
    """Connects over TCP; ``overrides`` sends a ``(host, port)`` to another address.

    With ``socks``, a SOCKS5 proxy connects instead, and resolves the name.
    """

    def __init__(
        self,
        overrides: Mapping[Address, str],
        *,
        tls_timeout: float,
        proxy_context: ssl.SSLContext | None = None,
        socks: Proxy | None = None,
    ) -> None:
        self._socks = socks
        self._resolver = Resolver()
        self._overrides = overrides
        self._tls_timeout = tls_timeout
        self._proxy_context = proxy_context

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        assert local_address is None
        assert socket_options is None
        deadline = time.monotonic() + (30.0 if timeout is None else timeout)
        if self._socks is None:
            target = self._overrides.get((host.lower(), port), host)
            wire = await self._dial(target, port, deadline)
        else:
            from builder.transport.socks import connect_through

            proxy = self._socks
            wire = await self._dial(proxy.host, proxy.port, deadline)
            try:
                await connect_through(wire, proxy, host, port, deadline)
            except BaseException:
                wire.abort()
                raise
        return PlainStream(wire, self._tls_timeout, self._proxy_context)

    async def _dial(self, host: str, port: int, deadline: float) -> Wire:
        addresses = await self._resolver.lookup(host, port, deadline)
        return await first_to_answer(addresses, deadline)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _checked(first: bytes, wire: Wire) -> None:
    """Raises LayerError where what a server says first can be no answer in HTTP/1."""
    if not b"HTTP/".startswith(first[:5]):
        line = "".join(
            chr(byte) if 32 <= byte < 127 and byte not in (34, 92) else f"\\x{byte:02x}"
            for byte in first.partition(b"\n")[0].rstrip(b"\r")[:80]
        )
        cause = f'net/http: HTTP/1.x transport connection broken: malformed HTTP response "{line}"'
        raise LayerError("protocol", cause, peer=wire.peer)


class PlainStream(httpcore.AsyncNetworkStream):
    """A TCP connection as httpcore takes it.

    With ``proxy_context``, the TLS that it is asked for is that of a proxy.
    """

    def __init__(
        self, wire: Wire, tls_timeout: float, proxy_context: ssl.SSLContext | None
    ) -> None:
        self._wire = wire
        self._tls_timeout = tls_timeout
        self._proxy_context = proxy_context
        self._unheard = True

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        try:
            data = await self._wire.read(max_bytes, timeout)
        except TimeoutError as error:
            raise _answer_timeout(self._wire, before_tls=self._unheard) from error
        if self._unheard and data:
            self._unheard = False
            _checked(data, self._wire)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        view = memoryview(buffer)
        try:
            while view:
                await self._wire.write(bytes(view[:_PIECE]), timeout)
                view = view[_PIECE:]
        except TimeoutError as error:
            raise _write_timeout(self._wire) from error

    async def aclose(self) -> None:
        await self._wire.close()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        self._unheard = False
        stream = TLSStream(self, self._wire, ssl_context, server_hostname or "")
        try:
            await stream.handshake(self._tls_timeout)
        except BaseException as error:
            self._wire.abort()
            if isinstance(error, LayerError) and ssl_context is self._proxy_context:
                error.stage, error.cause = "proxy", f"proxyconnect tcp: {error.cause}"
            raise
        return stream

    def get_extra_info(self, info: str) -> Any:
        if info == "peer":
            return self._wire.peer
        if info == "is_readable":
            return self._wire.readable_now()
        return None


class TLSStream(httpcore.AsyncNetworkStream):
    """TLS over another stream, through memory: it works over a proxy's TLS as well."""

    def __init__(
        self,
        inner: httpcore.AsyncNetworkStream,
        wire: Wire,
        context: ssl.SSLContext,
        server_hostname: str,
    ) -> None:
        self._inner = inner
        self._wire = wire
        self._host = server_hostname
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._ssl = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_hostname or None
        )
        self._write_lock = asyncio.Lock()
        self._head = b""
        self._unheard = True
        self._tls_timeout = 10.0

    async def handshake(self, seconds: float) -> None:
        """Raises LayerError of stage ``tls`` in Go's words."""
        self._tls_timeout = seconds
        try:
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        self._ssl.do_handshake()
                    except ssl.SSLWantReadError:
                        await self._flush(None)
                        await self._fill(None)
                        continue
                    await self._flush(None)
                    return
        except TimeoutError as error:
            raise LayerError(
                "tls", "net/http: TLS handshake timeout", timed_out=True, peer=self._wire.peer
            ) from error
        except ssl.SSLError as error:
            # The alert says to the server why we leave; it is not our error if it has gone.
            with contextlib.suppress(LayerError, TimeoutError):
                await self._flush(1.0)
            code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else 0
            cause = tlswords.handshake_words(error, self._host, self._head)
            raise LayerError("tls", cause, verify_code=code, peer=self._wire.peer) from error
        except LayerError as error:
            error.stage = "tls"
            raise

    async def _flush(self, timeout: float | None) -> None:  # noqa: ASYNC109
        data = self._outgoing.read()
        if data:
            await self._inner.write(data, timeout)

    async def _fill(self, timeout: float | None) -> None:  # noqa: ASYNC109
        data = await self._inner.read(256 * 1024, timeout)
        if len(self._head) < 16:
            self._head += data[:16]
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        while True:
            try:
                data = self._ssl.read(max_bytes)
                if self._unheard and data:
                    self._unheard = False
                    _checked(data, self._wire)
                return data
            except ssl.SSLWantReadError:
                if self._outgoing.pending:
                    async with self._write_lock:
                        await self._flush(timeout)
                await self._fill(timeout)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            except ssl.SSLError as error:
                # In TLS 1.3 the server judges the client's certificate after our handshake.
                cause = tlswords.alert_words(error)
                raise LayerError("tls", cause, peer=self._wire.peer) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        async with self._write_lock:
            view = memoryview(buffer)
            while view:
                try:
                    view = view[self._ssl.write(view[:_PIECE]) :]
                except ssl.SSLError as error:
                    cause = tlswords.alert_words(error)
                    raise LayerError("tls", cause, peer=self._wire.peer) from error
                await self._flush(timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        self._unheard = False
        stream = TLSStream(self, self._wire, ssl_context, server_hostname or "")
        try:
            await stream.handshake(self._tls_timeout)
        except BaseException:
            self._wire.abort()
            raise
        return stream

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object":
            return self._ssl
        return self._inner.get_extra_info(info)


def _answer_timeout(wire: Wire, *, before_tls: bool) -> LayerError:
    cause = "net/http: timeout awaiting response headers"
    return LayerError("timeout", cause, timed_out=True, peer=wire.peer, before_tls=before_tls)


def _write_timeout(wire: Wire) -> LayerError:
    cause = f"write tcp {wire.local}->{wire.peer}: i/o timeout"
    return LayerError("timeout", cause, timed_out=True, peer=wire.peer)
