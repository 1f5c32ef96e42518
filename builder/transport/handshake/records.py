"""The record layer, reading side: whole handshake messages, within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from builder.transport.handshake import parameters
from builder.transport.handshake.alerts import Alert
from builder.transport.handshake.errors import HandshakeError, HandshakeStage, protocol_error
from builder.transport.handshake.octets import number, vector

CHANGE_CIPHER_SPEC = 20
ALERT = 21
HANDSHAKE = 22
APPLICATION_DATA = 23

# RFC 8446, section 5.2, with room for what TLS 1.2 allows.
MAX_RECORD = (1 << 14) + 2048
# Far above what clients accept (Go: 256 KiB), so that too long a chain is still shown.
MAX_MESSAGE = 1 << 20
MAX_TOTAL = 1 << 21
MAX_EMPTY_RECORDS = 32

FIRST_BYTES = 512
_FIRST_BYTES_PAUSE = 0.2

Opener = Callable[[bytes, bytes], tuple[int, bytes]]


def handshake_record(message: bytes, *, first: bool) -> bytes:
    """A ClientHello in its record. The first says version 1.0, as old middleboxes expect, and
    any later one 1.2 (RFC 8446, section 5.1)."""
    version = parameters.TLS_1_0 if first else parameters.TLS_1_2
    return bytes((HANDSHAKE,)) + number(version) + vector(message, 2)


class Records:
    """Handshake messages out of a stream. ``warnings`` are the alerts that ended nothing.

    Set ``opener`` when the peer's records are protected from then on.
    """

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self._stream = stream
        self._pending = b""
        self._total = 0
        self._empty = 0
        self._begun = False
        self.opener: Opener | None = None
        self.warnings: list[Alert] = []

    async def message(self, waiting_for: str) -> tuple[int, bytes]:
        """The next handshake message as (type, whole message with its four-octet header).

        Raises HandshakeError.
        """
        while True:
            if len(self._pending) >= 4:
                size = 4 + int.from_bytes(self._pending[1:4], "big")
                if size > MAX_MESSAGE:
                    raise protocol_error(f"a handshake message of {size} bytes is too long")
                if len(self._pending) >= size:
                    message, self._pending = self._pending[:size], self._pending[size:]
                    return message[0], message
            await self._more(waiting_for)

    async def _more(self, waiting_for: str) -> None:
        kind, content = await self._record(waiting_for)
        if kind == HANDSHAKE:
            self._count_empty(content)
            self._pending += content
        elif kind == ALERT:
            self._alert(content)
        elif kind == CHANGE_CIPHER_SPEC:
            self._count_empty(b"")
        else:
            raise protocol_error(f"the server sent a record of type {kind} in its handshake")

    def _count_empty(self, content: bytes) -> None:
        self._empty += not content
        if self._empty > MAX_EMPTY_RECORDS:
            raise protocol_error("the server sends empty records without end")

    def _alert(self, content: bytes) -> None:
        if len(content) != 2:
            raise protocol_error("the server sent a malformed alert")
        alert = Alert(content[0], content[1])
        if alert.fatal:
            message = f"the server ended the handshake with the alert {alert}"
            raise HandshakeError(message, HandshakeStage.ALERT, alert=alert)
        self._count_empty(b"")
        self.warnings.append(alert)

    async def _record(self, waiting_for: str) -> tuple[int, bytes]:
        header = await self._exactly(5, waiting_for)
        if not self._begun:
            await self._check_tls(header)
            self._begun = True
        kind, size = header[0], int.from_bytes(header[3:], "big")
        if size > MAX_RECORD:
            raise protocol_error(f"the server sent a record of {size} bytes")
        self._total += size
        if self._total > MAX_TOTAL:
            raise protocol_error(f"the server's handshake is longer than {MAX_TOTAL} bytes")
        body = await self._exactly(size, waiting_for)
        if self.opener is not None and kind == APPLICATION_DATA:
            return self.opener(header, body)
        return kind, body

    async def _check_tls(self, header: bytes) -> None:
        """A record begins with a known type and major version 3; else it is another protocol."""
        if header[0] in (ALERT, HANDSHAKE) and header[1] == 3:
            return
        raise await self._not_tls(header)

    async def _not_tls(self, begin: bytes) -> HandshakeError:
        said = begin
        try:
            async with asyncio.timeout(_FIRST_BYTES_PAUSE):
                while len(said) < FIRST_BYTES:
                    more = await self._stream.read(FIRST_BYTES - len(said))
                    if not more:
                        break
                    said += more
        except (TimeoutError, OSError):
            pass  # What came so far says what it is.
        message = f"the server does not speak TLS: {_shown(said)}"
        return HandshakeError(message, HandshakeStage.NOT_TLS, first_bytes=said)

    async def _exactly(self, count: int, waiting_for: str) -> bytes:
        try:
            return await self._stream.readexactly(count)
        except asyncio.IncompleteReadError as end:
            if end.partial and not self._begun:
                raise await self._not_tls(end.partial) from None
            message = f"the server closed the connection instead of sending {waiting_for}"
            raise HandshakeError(message, HandshakeStage.CLOSED, waiting_for=waiting_for) from end
        except OSError as error:
            message = f"the connection broke before {waiting_for}: {error.strerror or error}"
            raise HandshakeError(message, HandshakeStage.CLOSED, waiting_for=waiting_for) from error


def _shown(said: bytes) -> str:
    """The first line, for people: text as text, anything else as hexadecimal."""
    line = said.split(b"\n", 1)[0].strip()[:80]
    if line and all(0x20 <= each < 0x7F for each in line):
        return repr(line.decode("ascii"))
    return said[:16].hex()
