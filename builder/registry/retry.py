"""When a request is sent again: 429, 5xx and broken connections; never 4xx, never a certificate."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

from msgspec import Struct

from builder.transport.errors import TransportError

_BROKEN = frozenset(("read", "write", "timeout"))


class Retrying(Struct, frozen=True):
    """Try ``number`` of ``limit`` failed for ``reason``; the next follows in ``delay`` seconds."""

    method: str
    url: str
    reason: str
    number: int
    limit: int
    delay: float


class RetryPolicy(Struct, frozen=True):
    """``retries`` more tries after the first; 0 for a doctor, who wants to see each failure.

    Pauses double from ``first_pause`` seconds; ``Retry-After`` is kept where it asks for no
    more than ``longest_pause``, and ends the tries where it asks for more. ``on_retry`` is
    told before each pause.
    """

    retries: int = 3
    first_pause: float = 0.5
    longest_pause: float = 60.0
    on_retry: Callable[[Retrying], None] | None = None

    def pause(self, number: int, retry_after: str = "") -> float | None:
        """Seconds to wait after try ``number`` (from 1); None: no more tries."""
        if number > self.retries:
            return None
        asked = _seconds(retry_after)
        if asked is not None:
            return asked if asked <= self.longest_pause else None
        spread = 0.75 + random.random() / 2  # noqa: S311 - keeps clients apart, hides nothing
        pause: float = self.first_pause * 2.0 ** (number - 1) * spread
        return min(self.longest_pause, pause)

    async def wait(self, method: str, url: str, reason: str, number: int, delay: float) -> None:
        if self.on_retry is not None:
            self.on_retry(Retrying(method, url, reason, number, self.retries, delay))
        await asyncio.sleep(delay)


Reason = Callable[[int], str]
"""Why an answer of a status is worth another try; empty where it is final."""


def limit_reason(status: int) -> str:
    """For a HEAD: only a limit on requests, as a GET follows whatever else goes wrong."""
    return "too many requests" if status == 429 else ""


def status_reason(status: int) -> str:
    """For any request that may be sent twice: limits on requests, and servers in trouble."""
    if status == 429:
        return limit_reason(status)
    return f"server error {status}" if 500 <= status <= 599 and status not in (501, 505) else ""


def transport_reason(error: TransportError) -> str:
    """Why ``error`` is worth another try; empty where asking again gives the same."""
    return error.cause if error.stage in _BROKEN and not error.certificate_refused else ""


def _seconds(retry_after: str) -> float | None:
    text = retry_after.strip()
    if text.isdecimal():
        return float(text)
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
