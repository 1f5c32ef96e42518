"""Sockets and TLS under the HTTP layer, telling which layer failed and in which words.

A failure leaves here as LayerError: a DNS failure, a refused port and a bad certificate are
one class in HTTP libraries, and here three stages.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import select
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from typing import Any

import httpcore

from builder.transport import tlswords
from builder.transport.errors import Stage

Address = tuple[str, int]

_HIGH_WATER = 1 << 20
_STAGGER = 0.3  # seconds before the next address is tried beside the first; Go's fallback delay
_ERRNO_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset by peer",
    errno.EHOSTUNREACH: "no route to host",
    errno.ENETUNREACH: "network is unreachable",
    errno.ETIMEDOUT: "connection timed out",
    errno.EPIPE: "broken pipe",
    errno.EACCES: "permission denied",
    errno.EPERM: "operation not permitted",
}


class LayerError(httpcore.ConnectError, httpcore.ReadError, httpcore.WriteError):
    """``stage`` failed; ``cause`` is the fact in Go's words."""

    def __init__(
        self,
        stage: Stage,
        cause: str,
        *,
        timed_out: bool = False,
        verify_code: int = 0,
        peer: str = "",
    ) -> None:
        super().__init__(cause)
        self.stage: Stage = stage
        self.cause = cause
        self.timed_out = timed_out
        self.verify_code = verify_code
        self.peer = peer


def errno_words(error: OSError) -> str:
    """Go's lower-case text of ``error``'s number."""
    if error.errno in _ERRNO_WORDS:
        return _ERRNO_WORDS[error.errno]
    return (os.strerror(error.errno) if error.errno else str(error)).lower()


def joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Network(httpcore.AsyncNetworkBackend):
    """Connects over TCP; ``overrides`` sends a ``(host, port)`` to another address."""

    def __init__(self, overrides: Mapping[Address, str], *, tls_timeout: float) -> None:
        self._overrides = overrides
        self._tls_timeout = tls_timeout

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
        target = self._overrides.get((host.lower(), port), host)
        addresses = await _lookup(target, port, deadline)
        wire = await _first_to_answer(addresses, deadline)
        return PlainStream(wire, self._tls_timeout)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def _lookup(host: str, port: int, deadline: float) -> list[Address]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(max(0.001, deadline - time.monotonic())):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise LayerError("dns", f"dial tcp: lookup {host}: i/o timeout", timed_out=True) from error
    except (socket.gaierror, UnicodeError) as error:
        if isinstance(error, UnicodeError) or error.errno in (
            socket.EAI_NONAME,
            socket.EAI_NODATA,
        ):
            words = "no such host"
        else:
            words = error.strerror or str(error)
        raise LayerError("dns", f"dial tcp: lookup {host}: {words}") from error
    return list(dict.fromkeys((str(item[4][0]), port) for item in found))


async def _first_to_answer(addresses: list[Address], deadline: float) -> _Wire:
    """The first connection made; later addresses join the race as earlier ones fail or dally."""
    errors: list[LayerError] = []
    racing: set[asyncio.Task[_Wire]] = set()
    waiting = list(addresses)
    winner: _Wire | None = None
    try:
        while waiting or racing:
            if waiting:
                racing.add(asyncio.create_task(_connect(waiting.pop(0), deadline)))
            done, racing = await asyncio.wait(
                racing,
                timeout=_STAGGER if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                error = task.exception()
                if error is None and winner is None:
                    winner = task.result()
                elif error is None:
                    task.result().abort()
                elif isinstance(error, LayerError):
                    errors.append(error)
                else:
                    raise error
            if winner is not None:
                return winner
    finally:
        for task in racing:
            task.cancel()
    raise errors[0]


async def _connect(address: Address, deadline: float) -> _Wire:
    peer = joined(*address)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(max(0.001, deadline - time.monotonic())):
            _, wire = await loop.create_connection(_Wire, address[0], address[1])
    except TimeoutError as error:
        raise LayerError(
            "connect", f"dial tcp {peer}: i/o timeout", timed_out=True, peer=peer
        ) from error
    except OSError as error:
        timed_out = error.errno == errno.ETIMEDOUT
        cause = f"dial tcp {peer}: connect: {errno_words(error)}"
        raise LayerError("connect", cause, timed_out=timed_out, peer=peer) from error
    return wire


class _Wire(asyncio.Protocol):
    """Bytes of one TCP connection, with back-pressure both ways."""

    def __init__(self) -> None:
        self._chunks = bytearray()
        self._eof = False
        self._lost: Exception | None = None
        self._closed = asyncio.get_running_loop().create_future()
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._paused = False
        self._transport: asyncio.Transport
        self.head = b""  # the very first bytes, which tell a server that speaks no TLS

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.peer = joined(*transport.get_extra_info("peername")[:2])
        self.local = joined(*transport.get_extra_info("sockname")[:2])

    def data_received(self, data: bytes) -> None:
        if len(self.head) < 16:
            self.head += data[:16]
        self._chunks += data
        self._readable.set()
        if len(self._chunks) > _HIGH_WATER and not self._paused:
            self._transport.pause_reading()
            self._paused = True

    def eof_received(self) -> bool:
        self._eof = True
        self._readable.set()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = exc
        self._eof = True
        self._readable.set()
        self._writable.set()
        if not self._closed.done():
            self._closed.set_result(None)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def read(self, max_bytes: int, timeout: float | None) -> bytes:  # noqa: ASYNC109
        if not self._chunks:
            if not self._eof:
                self._readable.clear()
                async with asyncio.timeout(timeout):
                    await self._readable.wait()
            if not self._chunks:
                if isinstance(self._lost, OSError):
                    words = f"read tcp {self.local}->{self.peer}: read: {errno_words(self._lost)}"
                    raise LayerError("read", words, peer=self.peer) from self._lost
                return b""
        if len(self._chunks) <= max_bytes:
            data, self._chunks = bytes(self._chunks), bytearray()
        else:
            data = bytes(self._chunks[:max_bytes])
            del self._chunks[:max_bytes]
        if self._paused and len(self._chunks) < _HIGH_WATER // 2:
            self._transport.resume_reading()
            self._paused = False
        return data

    async def write(self, data: bytes, timeout: float | None) -> None:  # noqa: ASYNC109
        if self._transport.is_closing() or self._lost is not None:
            lost = self._lost if isinstance(self._lost, OSError) else None
            words = errno_words(lost) if lost else "use of closed network connection"
            cause = f"write tcp {self.local}->{self.peer}: write: {words}"
            raise LayerError("write", cause, peer=self.peer) from self._lost
        self._transport.write(data)
        async with asyncio.timeout(timeout):
            await self._writable.wait()

    def readable_now(self) -> bool:
        """Whether reading would not wait: there is data, or the peer has closed."""
        if self._chunks or self._eof:
            return True
        sock = self._transport.get_extra_info("socket")
        if sock is None or sock.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def abort(self) -> None:
        self._transport.abort()

    async def close(self) -> None:
        self._transport.close()
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        await self._closed


class PlainStream(httpcore.AsyncNetworkStream):
    """A TCP connection as httpcore takes it."""

    def __init__(self, wire: _Wire, tls_timeout: float) -> None:
        self._wire = wire
        self._tls_timeout = tls_timeout

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        try:
            return await self._wire.read(max_bytes, timeout)
        except TimeoutError as error:
            raise _answer_timeout(self._wire) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        if not buffer:
            return
        try:
            await self._wire.write(buffer, timeout)
        except TimeoutError as error:
            raise _write_timeout(self._wire) from error

    async def aclose(self) -> None:
        await self._wire.close()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109, ARG002
    ) -> httpcore.AsyncNetworkStream:
        stream = TLSStream(self, self._wire, ssl_context, server_hostname or "")
        try:
            await stream.handshake(self._tls_timeout)
        except BaseException:
            self._wire.abort()
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
        wire: _Wire,
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
                return self._ssl.read(max_bytes)
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
                    view = view[self._ssl.write(view) :]
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
        timeout: float | None = None,  # noqa: ASYNC109, ARG002
    ) -> httpcore.AsyncNetworkStream:
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


def _answer_timeout(wire: _Wire) -> LayerError:
    cause = "net/http: timeout awaiting response headers"
    return LayerError("timeout", cause, timed_out=True, peer=wire.peer)


def _write_timeout(wire: _Wire) -> LayerError:
    cause = f"write tcp {wire.local}->{wire.peer}: i/o timeout"
    return LayerError("timeout", cause, timed_out=True, peer=wire.peer)
