"""Servers on 127.0.0.1 to read chains from: Python's own TLS, and one that says what it is told."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def tls_server(context: ssl.SSLContext) -> AsyncIterator[int]:
    """A TLS server; yields its port."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            await reader.read()
        writer.close()

    loop = asyncio.get_running_loop()
    # The client leaves in the middle of the handshake: that is no error of this server.
    loop.set_exception_handler(lambda _loop, _context: None)
    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@contextlib.asynccontextmanager
async def plain_server(talk: Talk) -> AsyncIterator[int]:
    """A TCP server whose connections are ``talk``; yields its port."""

    async def wrapped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(wrapped, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def says(*answers: bytes) -> Talk:
    """Reads a record, then sends ``answers``, then hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_record(reader)
        for answer in answers:
            writer.write(answer)
            await writer.drain()
        await asyncio.sleep(0)

    return talk


async def read_record(reader: asyncio.StreamReader) -> bytes:
    header = await reader.readexactly(5)
    return header + await reader.readexactly(int.from_bytes(header[3:], "big"))


def record(content: bytes, kind: int = 22) -> bytes:
    return bytes((kind, 3, 3)) + len(content).to_bytes(2, "big") + content


def handshake(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + len(body).to_bytes(3, "big") + body


def server_hello(
    *, version: bytes = b"\x03\x03", cipher: bytes = b"\xc0\x2f", compression: int = 0
) -> bytes:
    return handshake(2, version + bytes(32) + b"\x00" + cipher + bytes((compression,)))


def certificate(*entries: bytes) -> bytes:
    listed = b"".join(len(each).to_bytes(3, "big") + each for each in entries)
    return handshake(11, len(listed).to_bytes(3, "big") + listed)


DONE = handshake(14, b"")
