"""``-v``: every exchange on stderr, complete, as the transport redacted it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from regdoctor.render.safe import plain

if TYPE_CHECKING:
    from builder.transport import Exchange

_TEXT = ("json", "text", "xml", "html")


def print_exchange(exchange: Exchange) -> None:
    """Request, answer, headers and body, in curl's marks."""
    lines = [f"> {exchange.method} {exchange.url}"]
    lines += [f"> {name}: {value}" for name, value in exchange.request_headers]
    if exchange.error is not None:
        lines.append(f"* {exchange.error}")
    if exchange.status:
        lines.append(f"< {exchange.status} in {exchange.seconds:.3f} s from {exchange.peer}")
        lines += [f"< {name}: {value}" for name, value in exchange.response_headers]
    if exchange.body and any(kind in exchange.header("Content-Type") for kind in _TEXT):
        lines += [f"| {line}" for line in exchange.body.decode("utf-8", "replace").splitlines()]
    elif exchange.received:
        lines.append(f"| {exchange.received} bytes")
    sys.stderr.write("\n".join(map(plain, lines)) + "\n")
