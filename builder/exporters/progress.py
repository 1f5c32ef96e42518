"""The vertex of an export and the pieces of work in it, as BuildKit names them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from builder.events import Emit, StatusEvent, VertexEvent
from builder.oci.digest import Digest


class Step(Struct):
    """What a status line tells at its end: ``size`` in bytes, where that says something."""

    size: int = 0


class ExportProgress:
    """Emits for one exporter. Thread-safe as far as ``emit`` is."""

    def __init__(self, emit: Emit, name: str, *, key: str = "") -> None:
        """``key`` tells two exporters of the same name apart."""
        self._emit = emit
        self.name = name
        self.vertex = str(Digest.of((key or name).encode()))

    @contextmanager
    def running(self) -> Iterator[None]:
        """The vertex, from its start to its end or error."""
        started = time.time()
        self._emit(VertexEvent(self.vertex, self.name, started=started))
        error = ""
        try:
            yield
        except BaseException as raised:
            error = str(raised) or type(raised).__name__
            raise
        finally:
            self._emit(
                VertexEvent(
                    self.vertex, self.name, started=started, completed=time.time(), error=error
                )
            )

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """One status line; it stays open where the work fails."""
        started = time.time()
        self._emit(StatusEvent(self.vertex, name, timestamp=started, started=started))
        step = Step()
        yield step
        ended = time.time()
        self._emit(
            StatusEvent(
                self.vertex,
                name,
                current=step.size,
                timestamp=ended,
                started=started,
                completed=ended,
            )
        )

    def done(self, name: str) -> None:
        """A status line for work that is over already."""
        with self.step(name):
            pass
