"""What the steps of a build say, kept as far as an explanation of a failure may want it."""

from __future__ import annotations

from builder.events import Emit, Event, LogEvent, VertexEvent

_KEPT = 64 * 1024


class StepOutput:
    """Passes events on, and keeps the end of what each running step said."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._said: dict[str, bytes] = {}
        self.of_failed = ""
        """The output of the step that failed first; empty where it said nothing."""

    def emit(self, event: Event) -> None:
        if isinstance(event, LogEvent):
            said = self._said.get(event.vertex, b"") + event.data
            self._said[event.vertex] = said[-_KEPT:]
        elif isinstance(event, VertexEvent) and event.completed is not None:
            said = self._said.pop(event.digest, b"")
            if event.error and not self.of_failed:
                self.of_failed = said.decode("utf-8", "replace")
        self._emit(event)
