"""One TCP connection: name, dial, bytes; telling which of them failed and in which words."""

from __future__ import annotations

import asyncio
import errno
import functools
import os
import select
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import httpcore

from builder.transport.errors import Stage

Address = tuple[str, int]

_HIGH_WATER = 1 << 20
HEAD_LIMIT = 1 << 20
"""Bytes that may be read before an answer's head is whole, informational answers included. One
head alone is bounded by the parser; of these a server could send any number. Go: 10 MiB."""
HEAD_LEFT: ContextVar[int | None] = ContextVar("HEAD_LEFT", default=None)
"""What is left of it to whoever waits for a head now; None: nobody does."""
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
    """``stage`` failed; ``cause`` is the fact in Go's words. ``before_tls``: nothing had been
    received, and TLS was not begun."""

    def __init__(
        self,
        stage: Stage,
        cause: str,
        *,
        timed_out: bool = False,
        verify_code: int = 0,
        peer: str = "",
        before_tls: bool = False,
    ) -> None:
        super().__init__(cause)
        self.stage: Stage = stage
        self.cause = cause
        self.timed_out = timed_out
        self.verify_code = verify_code
        self.peer = peer
        self.before_tls = before_tls


def errno_words(error: OSError) -> str:
    """Go's lower-case text of ``error``'s number."""
    if error.errno in _ERRNO_WORDS:
        return _ERRNO_WORDS[error.errno]
    return (os.strerror(error.errno) if error.errno else str(error)).lower()


def joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Resolver:
    """Asks the system for addresses; who asks while a name is being asked for shares the answer.

    Its threads are its own: those of the event loop are few, and each waits for one name.
    """

    _threads = ThreadPoolExecutor(32, "resolver")

    def __init__(self) -> None:
        self._asked: dict[Address, asyncio.Future[list[Address]]] = {}

    async def lookup(self, host: str, port: int, deadline: float) -> list[Address]:
        """Raises LayerError of stage ``dns`` in Go's words."""
        asked = self._asked.get((host, port))
        if asked is None:
            asked = self._asked[host, port] = asyncio.ensure_future(self._ask(host, port))
            asked.add_done_callback(lambda done: self._answered((host, port), done))
        try:
            async with asyncio.timeout(max(0.001, deadline - time.monotonic())):
                return await asyncio.shield(asked)
        except TimeoutError as error:
            cause = f"dial tcp: lookup {host}: i/o timeout"
            raise LayerError("dns", cause, timed_out=True) from error
        except (socket.gaierror, UnicodeError) as error:
            absent = (socket.EAI_NONAME, socket.EAI_NODATA)
            if isinstance(error, UnicodeError) or error.errno in absent:
                words = "no such host"
            else:
                words = error.strerror or str(error)
            raise LayerError("dns", f"dial tcp: lookup {host}: {words}") from error

    async def _ask(self, host: str, port: int) -> list[Address]:
        loop = asyncio.get_running_loop()
        question = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await loop.run_in_executor(self._threads, question)
        return list(dict.fromkeys((str(item[4][0]), port) for item in found))

    def _answered(self, name: Address, done: asyncio.Future[list[Address]]) -> None:
        del self._asked[name]
        if not done.cancelled():
            done.exception()  # retrieved: whoever asked may have left


async def first_to_answer(addresses: list[Address], deadline: float) -> Wire:
    """The first connection made; later addresses join the race as earlier ones fail or dally."""
    errors: list[LayerError] = []
    racing: set[asyncio.Task[Wire]] = set()
    waiting = list(addresses)
    winner: Wire | None = None
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


async def _connect(address: Address, deadline: float) -> Wire:
    peer = joined(*address)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(max(0.001, deadline - time.monotonic())):
            _, wire = await loop.create_connection(Wire, address[0], address[1])
    except TimeoutError as error:
        raise LayerError(
            "connect", f"dial tcp {peer}: i/o timeout", timed_out=True, peer=peer
        ) from error
    except OSError as error:
        timed_out = error.errno == errno.ETIMEDOUT
        cause = f"dial tcp {peer}: connect: {errno_words(error)}"
        raise LayerError("connect", cause, timed_out=timed_out, peer=peer) from error
    return wire


class Wire(asyncio.Protocol):
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
        left = HEAD_LEFT.get()
        if left is not None:
            HEAD_LEFT.set(left - len(data))
            if left < len(data):
                words = f"net/http: server response headers exceeded {HEAD_LIMIT} bytes; aborted"
                raise LayerError("protocol", words, peer=self.peer)
        return data

    async def write(self, data: bytes, timeout: float | None) -> None:  # noqa: ASYNC109
        if not self._chunks and not self._eof and self.readable_now():
            # A server that refuses us says why and closes. A failed write would make the
            # event loop drop what it said: take that in first.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
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
