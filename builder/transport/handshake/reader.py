"""``read_chain``: connects, says hello, and reads up to the server's Certificate message."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from msgspec import Struct

from builder.transport.handshake import messages, parameters
from builder.transport.handshake.alerts import Alert
from builder.transport.handshake.errors import HandshakeError, HandshakeStage, protocol_error
from builder.transport.handshake.hello import ClientHello, ServerHello, server_hello
from builder.transport.handshake.octets import vector
from builder.transport.handshake.records import Records, handshake_record
from builder.transport.handshake.schedule import ServerKeys, retry_transcript
from builder.transport.handshake.shares import Share, new_share, post_quantum_share

OpenStream = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
"""Opens a connection on which the TLS server is reached, e.g. through a proxy's CONNECT."""

T = TypeVar("T")

_CLIENT_HELLO = 1
# A flight holds about six messages; more than this is a server that never comes to the point.
_MAX_MESSAGES = 16
_CLOSE_NOTIFY = bytes.fromhex("15030300020100")


class ServedChain(Struct, frozen=True):
    """``certificates``: the entries in the order and with the octets as sent, which need not be
    certificates. ``version``: ``TLSv1`` to ``TLSv1.3``; ``cipher``: its IANA name.
    ``client_authorities``: DER names of the CAs that the server would take a client certificate
    of. ``alerts``: warnings on the way. ``address``: the peer's, without a port. ``seconds``
    from the start of connecting."""

    certificates: tuple[bytes, ...]
    version: str
    cipher: str
    client_certificate_requested: bool
    client_authorities: tuple[bytes, ...]
    alerts: tuple[Alert, ...]
    address: str
    seconds: float


class Greeting(Struct, frozen=True):
    """The server's first answer: the ``version`` it chose, ``TLSv1`` to ``TLSv1.3``. ``octets``
    is the length of our hello, ``address`` the peer's, without a port."""

    version: str
    octets: int
    address: str


async def read_chain(
    host: str,
    port: int,
    server_name: str | None,
    *,
    address: str | None = None,
    timeout: float = 10.0,  # noqa: ASYNC109 - one budget for connecting and reading
    open_stream: OpenStream | None = None,
) -> ServedChain:
    """The certificates that ``host:port`` sends to a client that asks for ``server_name``.

    ``server_name``: for SNI; ``None`` (or an address) sends none. ``address``: connect there
    instead of resolving ``host``. ``open_stream``: connect by it instead. ``timeout``: seconds,
    for everything. Raises HandshakeError.
    """
    conversation = _Conversation(server_name)
    begun = time.monotonic()
    work = conversation.read(open_stream or _direct(address or host, port), begun)
    return await _told(conversation, work, f"{host}:{port}", timeout, begun)


async def greet(
    host: str,
    port: int,
    server_name: str | None,
    *,
    post_quantum: bool = False,
    versions: tuple[int, ...] = tuple(parameters.VERSIONS),
    address: str | None = None,
    timeout: float = 10.0,  # noqa: ASYNC109 - one budget for connecting and reading
    open_stream: OpenStream | None = None,
) -> Greeting:
    """Says hello and reads what the server answers first; arguments as for ``read_chain``.

    ``post_quantum``: with a key share that makes the hello as long as that of a Go client of
    today, more than one packet. ``versions``: what is offered. Raises HandshakeError.
    """
    conversation = _Conversation(server_name, versions, post_quantum=post_quantum)
    begun = time.monotonic()
    connect = open_stream or _direct(address or host, port)
    return await _told(conversation, conversation.greet(connect), f"{host}:{port}", timeout, begun)


def _direct(address: str, port: int) -> OpenStream:
    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(address, port)

    return connect


async def _told(
    conversation: _Conversation, work: Awaitable[T], where: str, seconds: float, begun: float
) -> T:
    """What ``work`` gives within ``seconds``; errors carry what is known of the connection."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError as error:
        waiting_for = conversation.waiting_for
        message = f"no {waiting_for} from {where} within {seconds:g} seconds"
        failure = HandshakeError(message, HandshakeStage.TIMEOUT, waiting_for=waiting_for)
        raise conversation.told(failure, begun) from error
    except HandshakeError as failure:
        conversation.told(failure, begun)
        raise
    finally:
        await conversation.close()


class _Conversation:
    """One connection and what has been said on it."""

    def __init__(
        self,
        server_name: str | None,
        versions: tuple[int, ...] = tuple(parameters.VERSIONS),
        *,
        post_quantum: bool = False,
    ) -> None:
        self.waiting_for = "connection"
        self._offered = (parameters.POST_QUANTUM,) if post_quantum else ()
        groups = (*self._offered, *parameters.GROUPS)
        self._hello = ClientHello(server_name, versions, groups)
        self._shares: list[Share] = []
        self._transcript = b""
        self._writer: asyncio.StreamWriter | None = None
        self._records: Records | None = None
        self._address = ""
        self._requested = False
        self._authorities: tuple[bytes, ...] = ()

    async def read(self, connect: OpenStream, begun: float) -> ServedChain:
        records = await self._connect(connect)
        hello = await self._greet(records)
        certificates = await self._certificates(records, hello)
        return ServedChain(
            certificates=certificates,
            version=parameters.VERSIONS[hello.version],
            cipher=parameters.cipher_name(hello.cipher),
            client_certificate_requested=self._requested,
            client_authorities=self._authorities,
            alerts=tuple(records.warnings),
            address=self._address,
            seconds=time.monotonic() - begun,
        )

    async def greet(self, connect: OpenStream) -> Greeting:
        records = await self._connect(connect)
        self._shares = [
            *(post_quantum_share() for _ in self._offered),
            *map(new_share, parameters.SHARES),
        ]
        said = await self._say_hello()
        answer = await self._answer(records)
        return Greeting(parameters.VERSIONS[answer.version], len(said), self._address)

    async def _connect(self, connect: OpenStream) -> Records:
        try:
            reader, self._writer = await connect()
        except TimeoutError:
            raise
        except OSError as error:
            message = f"no connection: {error.strerror or error}"
            raise HandshakeError(message, HandshakeStage.CONNECT) from error
        peer = self._writer.get_extra_info("peername")
        self._address = str(peer[0]) if isinstance(peer, tuple) else str(peer or "")
        self._records = Records(reader)
        return self._records

    async def _greet(self, records: Records) -> ServerHello:
        """Says hello, again if the server asks, until it answers for good."""
        self._shares = [new_share(each) for each in parameters.SHARES]
        first = await self._say_hello()
        answer = await self._answer(records)
        if not answer.retry:
            return answer
        if answer.cipher not in parameters.TLS_1_3_CIPHERS:
            raise protocol_error(f"the server chose cipher 0x{answer.cipher:04x}, not offered")
        if answer.group is not None:
            if answer.group not in parameters.GROUPS:
                raise protocol_error(f"the server asks for group 0x{answer.group:04x}")
            self._shares = [new_share(answer.group)]
        asked = self._transcript.removeprefix(first)
        self._transcript = retry_transcript(first, answer.cipher) + asked
        await self._say_hello(answer.cookie)
        answer = await self._answer(records)
        if answer.retry:
            raise protocol_error("the server asks for a second hello twice")
        return answer

    async def _say_hello(self, cookie: bytes = b"") -> bytes:
        body = self._hello.body(self._shares, cookie)
        message = bytes((_CLIENT_HELLO,)) + vector(body, 3)
        await self._send(handshake_record(message, first=not self._transcript))
        self._transcript += message
        self.waiting_for = "ServerHello"
        return message

    async def _send(self, octets: bytes) -> None:
        assert self._writer is not None
        self._writer.write(octets)
        try:
            await self._writer.drain()
        except OSError:
            # What the server said before it hung up is still to be read, and says more.
            return

    async def _answer(self, records: Records) -> ServerHello:
        kind, message = await records.message(self.waiting_for)
        if kind != messages.SERVER_HELLO:
            raise protocol_error(f"the server began with a handshake message of type {kind}")
        self._transcript += message
        return server_hello(message[4:])

    async def _certificates(self, records: Records, hello: ServerHello) -> tuple[bytes, ...]:
        """Reads the server's flight. TLS 1.2 asks for a client certificate after its own, so
        that the flight is read to its end; TLS 1.3 asks before."""
        tls13 = hello.version == parameters.TLS_1_3
        if tls13:
            records.opener = self._keys(hello).open
        self.waiting_for = "Certificate"
        found: tuple[bytes, ...] | None = None
        for _ in range(_MAX_MESSAGES):
            kind, message = await self._next(records, found)
            if kind == messages.CERTIFICATE:
                found = messages.certificates(message[4:], tls13=tls13)
            elif kind == messages.CERTIFICATE_REQUEST:
                self._request(message[4:], hello.version)
            if found is not None and (tls13 or kind in _ENDS):
                return found
            if kind in _ENDS:
                raise protocol_error("the server sent no Certificate message")
        raise protocol_error("the server's handshake has too many messages")

    async def _next(self, records: Records, found: tuple[bytes, ...] | None) -> tuple[int, bytes]:
        """The next message; once the chain is known, a broken end of the flight ends it."""
        try:
            return await records.message(self.waiting_for)
        except HandshakeError:
            if found is None:
                raise
            return messages.SERVER_HELLO_DONE, b""

    def _request(self, body: bytes, version: int) -> None:
        self._requested = True
        self._authorities = messages.authorities(
            body,
            tls13=version == parameters.TLS_1_3,
            version_1_2=version == parameters.TLS_1_2,
        )

    def _keys(self, hello: ServerHello) -> ServerKeys:
        if hello.cipher not in parameters.TLS_1_3_CIPHERS:
            raise protocol_error(f"the server chose cipher 0x{hello.cipher:04x}, not offered")
        share = next((each for each in self._shares if each.group == hello.group), None)
        if share is None:
            raise protocol_error("the server answers with a key share of another group")
        return ServerKeys(hello.cipher, share.exchange(hello.share), self._transcript)

    def told(self, failure: HandshakeError, begun: float) -> HandshakeError:
        """``failure`` with what is known of the connection."""
        failure.address = self._address
        failure.seconds = time.monotonic() - begun
        if self._records is not None:
            failure.alerts = tuple(self._records.warnings)
        return failure

    async def close(self) -> None:
        if self._writer is None:
            return
        protected = self._records is not None and self._records.opener is not None
        if self.waiting_for == "Certificate" and not protected:
            # In TLS 1.3 it would have to be encrypted; there the end of the stream must do.
            self._writer.write(_CLOSE_NOTIFY)
        self._writer.close()
        try:
            async with asyncio.timeout(1):
                await self._writer.wait_closed()
        except (TimeoutError, OSError):
            self._writer.transport.abort()


_ENDS = (messages.SERVER_HELLO_DONE, messages.FINISHED)
