"""One exchange that failed before a full answer came, and in which layer."""

from __future__ import annotations

from typing import Literal

from builder.errors import BuilderError
from builder.transport.endpoint import Endpoint

Stage = Literal["dns", "connect", "proxy", "tls", "write", "read", "timeout", "protocol"]
"""The layer that failed. ``timeout`` is a wait for the answer that got too long; a dial or a
handshake that took too long is ``connect`` or ``tls`` with ``timed_out`` set."""


class TransportError(BuilderError):
    """``str`` is what a Go client would print: ``Get "https://host/v2/": dial tcp: ...``."""

    def __init__(
        self,
        *,
        stage: Stage,
        method: str,
        url: str,
        endpoint: Endpoint,
        cause: str,
        timed_out: bool = False,
        verify_code: int = 0,
        peer: str = "",
    ) -> None:
        super().__init__(f'{method.capitalize()} "{url}": {cause}')
        self.stage: Stage = stage
        self.method = method
        self.url = url
        """Redacted."""
        self.endpoint = endpoint
        self.cause = cause
        """The part after the URL, in Go's words where they are known."""
        self.timed_out = timed_out
        self.verify_code = verify_code
        """OpenSSL's ``X509_V_ERR_*`` where a certificate was refused, else 0."""
        self.peer = peer
        """``address:port`` that was connected to, or tried; empty before that."""

    @property
    def certificate_refused(self) -> bool:
        return self.verify_code != 0


class BodyTooLarge(BuilderError):
    """A body that is longer than its reader accepts; ``limit`` in bytes."""

    def __init__(self, url: str, limit: int) -> None:
        super().__init__(f"answer of {url} is larger than {limit} bytes")
        self.url = url
        self.limit = limit


class InvalidOverride(BuilderError):
    """``text`` is not ``HOST:PORT:ADDR`` as curl's ``--resolve`` takes it."""

    def __init__(self, text: str) -> None:
        super().__init__(f"invalid --resolve {text!r}: not HOST:PORT:ADDRESS")
