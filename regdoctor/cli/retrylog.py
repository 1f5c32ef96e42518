"""Requests that are sent again, as a step of their own in the progress."""

from __future__ import annotations

import sys
import time

from builder.events import Emit, LogEvent, VertexEvent
from builder.oci.digest import Digest
from builder.registry.retry import Retrying
from regdoctor.render.safe import plain

_NAME = "[internal] requests sent again"


class RetryLog:
    """Tells them on standard error as long as there is no progress to show them in."""

    def __init__(self) -> None:
        self._emit: Emit | None = None
        self._vertex = str(Digest.of(_NAME.encode()))
        self._started = 0.0

    def show_in(self, emit: Emit) -> None:
        self._emit = emit

    def tell(self, retry: Retrying) -> None:
        text = (
            f"{retry.method} {plain(retry.url)} again in {retry.delay:.1f}s "
            f"({retry.number}/{retry.limit}): {plain(retry.reason)}\n"
        )
        if self._emit is None:
            sys.stderr.write(text)
            sys.stderr.flush()
            return
        now = time.time()
        self._started = self._started or now
        self._emit(VertexEvent(self._vertex, _NAME, started=self._started, completed=None))
        self._emit(LogEvent(self._vertex, 2, text.encode(), now))
        self._emit(VertexEvent(self._vertex, _NAME, started=self._started, completed=now))
