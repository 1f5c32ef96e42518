"""The agents of one build: a socket for each that is lent, gone when it is given back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from msgspec import Struct

from builder.ops.errors import OpError
from builder.ops.ssh import messages

if TYPE_CHECKING:
    from builder.ops.ssh.keyring import Keyring

DEFAULT = "default"
_CHUNK = 1 << 16
_SIGNING = (messages.LIST_V1, messages.LIST, messages.SIGN)
"""All that may be asked of the user's own agent."""

_Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class AgentSource(Struct, frozen=True):
    """Key files, or one socket; nothing means the agent of ``SSH_AUTH_SOCK``. ``raw``: what
    goes over the socket is not looked at, it may be of any protocol."""

    paths: tuple[Path, ...] = ()
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Agents:
    """By id. Made of what the user named: a definition only asks for an id."""

    sources: Mapping[str, AgentSource] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    def has(self, id: str) -> bool:
        return (id or DEFAULT) in self.sources

    @asynccontextmanager
    async def lend(
        self, id: str, *, uid: int = 0, gid: int = 0, mode: int = 0o600
    ) -> AsyncIterator[Path]:
        """A socket that ``uid`` may use. Raises OpError."""
        serve = self._serving(id or DEFAULT)
        # Not below the state directory: the path of a socket must be short.
        directory = Path(mkdtemp(prefix="regdoctor-ssh-"))
        try:
            directory.chmod(0o711)
            path = directory / "agent"
            running: set[asyncio.Task[None]] = set()

            def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                task = asyncio.ensure_future(_until_closed(serve, reader, writer))
                running.add(task)
                task.add_done_callback(running.discard)

            server = await asyncio.start_unix_server(connected, path)
            try:
                os.chown(path, uid, gid)
                path.chmod(mode & 0o777)
                yield path
            finally:
                server.close()
                for task in list(running):
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def _serving(self, id: str) -> _Serve:
        source = self.sources.get(id)
        if source is None:
            if not self.sources:
                raise OpError(
                    f'no SSH key "{id}" forwarded from the client', hint=f"lend one with --ssh {id}"
                )
            raise OpError(f"unset ssh forward key {id}", hint=f"lend one with --ssh {id}")
        socket = self._socket(source, id)
        if socket is not None:
            return _Forwarder(socket, raw=source.raw).serve
        from builder.ops.ssh.keyring import Keyring, load_key

        return _Answering(Keyring([load_key(path) for path in source.paths])).serve

    def _socket(self, source: AgentSource, id: str) -> Path | None:
        """The socket that is forwarded; None where the paths are of keys."""
        paths = source.paths
        if not paths:
            given = self.environ.get("SSH_AUTH_SOCK", "")
            if not given:
                raise OpError(
                    "invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set",
                    hint=f"start an ssh-agent, or name a key: --ssh {id}=FILE",
                )
            paths = (Path(given),)
        try:
            sockets = [path for path in paths if stat.S_ISSOCK(path.stat().st_mode)]
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise OpError(f"stat {error.filename}: {why}", hint=f"--ssh {id}") from error
        if source.raw and (len(paths) != 1 or not sockets):
            raise OpError("raw mode must supply exactly one socket path")
        if not sockets:
            return None
        if len(sockets) > 1:
            raise OpError("only single socket allowed")
        if len(paths) > 1:
            raise OpError("invalid combination of keys and sockets")
        return sockets[0]


async def _until_closed(
    serve: _Serve, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        with contextlib.suppress(messages.InvalidMessage, ConnectionError):
            await serve(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


class _Answering(Struct, frozen=True):
    """Answers with a keyring of ours."""

    keyring: Keyring

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (message := await messages.read(reader)) is not None:
            writer.write(messages.framed(self.keyring.answer(message)))
            await writer.drain()


class _Forwarder(Struct, frozen=True):
    """Hands on what asks for signatures; refuses to add, remove, lock and extend."""

    socket: Path
    raw: bool

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answers, questions = await asyncio.open_unix_connection(self.socket)
        except OSError:
            return  # the agent has gone: to whoever asked it is one that hangs up
        try:
            if self.raw:
                await asyncio.gather(_pump(reader, questions), _pump(answers, writer))
                return
            while (message := await messages.read(reader)) is not None:
                answer: bytes | None = bytes([messages.FAILURE])
                if message[0] in _SIGNING:
                    questions.write(messages.framed(message))
                    await questions.drain()
                    answer = await messages.read(answers)
                if answer is None:
                    return
                writer.write(messages.framed(answer))
                await writer.drain()
        finally:
            questions.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
