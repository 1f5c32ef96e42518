"""One request as it happened, redacted when made, fit to be kept as evidence."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from builder.transport.endpoint import Endpoint
from builder.transport.errors import TransportError

Headers = tuple[tuple[str, str], ...]
"""Header fields in the order of the wire; names as sent."""

EXCERPT = 64 * 1024
"""Most bytes of a body that an Exchange keeps."""


def header(headers: Headers, name: str) -> str:
    """The first field of that name, any case; empty where there is none."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), "")


class Exchange(Struct, frozen=True):
    """Request and answer, or the error in its place. Redirects are exchanges of their own.

    ``status`` is 0 where no answer came. ``body`` holds at most 64 KiB, of answers that are
    not 2xx or are JSON. ``received`` counts the body bytes that were read. Times: ``started``
    in seconds since the epoch, ``seconds`` until the body was read or given up.
    """

    method: str
    url: str
    request_headers: Headers
    endpoint: Endpoint
    started: float
    seconds: float
    status: int = 0
    response_headers: Headers = ()
    body: bytes = b""
    received: int = 0
    peer: str = ""
    proxy: str = ""
    tls_version: str = ""
    certificate: bytes = b""
    """The server's own certificate (DER) where a TLS handshake succeeded."""
    error: TransportError | None = None

    @property
    def accept(self) -> str:
        return header(self.request_headers, "Accept")

    def header(self, name: str) -> str:
        """A response header; empty where the answer has none of that name."""
        return header(self.response_headers, name)


Observer = Callable[[Exchange], None]
"""Takes each exchange when it is over; called from the event loop."""
