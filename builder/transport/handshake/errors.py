"""Why no chain could be read: one error, with the stage that failed."""

from __future__ import annotations

import enum

from builder.errors import BuilderError
from builder.transport.handshake.alerts import Alert


class HandshakeStage(enum.StrEnum):
    """How far it came, or what came instead."""

    CONNECT = "connect"
    ALERT = "alert"
    NOT_TLS = "not-tls"
    CLOSED = "closed"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"


class HandshakeError(BuilderError):
    """No Certificate message was read.

    ``alert``: the fatal alert (stage ``alert``). ``first_bytes``: what a peer that does not
    speak TLS said first, at most 512 octets (stage ``not-tls``). ``waiting_for``: what had not
    come (stages ``closed`` and ``timeout``): ``connection``, ``ServerHello``, ``Certificate``.
    ``alerts``: warnings that came before. ``address``: where we were connected, if we were.
    ``seconds``: since the beginning. The cause of a failed connection is ``__cause__``.
    """

    def __init__(
        self,
        message: str,
        stage: HandshakeStage,
        *,
        alert: Alert | None = None,
        first_bytes: bytes = b"",
        waiting_for: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.stage = stage
        self.alert = alert
        self.first_bytes = first_bytes
        self.waiting_for = waiting_for
        self.alerts: tuple[Alert, ...] = ()
        self.address = ""
        self.seconds = 0.0


def protocol_error(message: str) -> HandshakeError:
    """The peer speaks TLS, but not as the specification has it."""
    return HandshakeError(message, HandshakeStage.PROTOCOL)
