"""What is known of every vertex, gathered from events; read by the plain and the tty view."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct, field

from builder.events import Event, LogEvent, StatusEvent, VertexEvent, WarningEvent
from builder.progress.text import log_time

CANCELED = "context canceled"

LogSink = Callable[["VertexState", bytes], None]


class VertexState(Struct, eq=False):
    """A vertex, its statuses, logs and warnings, and what of it was printed already."""

    digest: str
    name: str = ""
    started: float | None = None
    completed: float | None = None
    cached: bool = False
    error: str = ""
    shown: VertexEvent | None = None
    """The last event that counted as news."""
    intervals: dict[float, float | None] = field(default_factory=dict)
    """Start -> end of each time it ran (a source runs twice: its name, then its content)."""
    statuses: dict[str, StatusEvent] = field(default_factory=dict)
    updated: set[str] = field(default_factory=set)
    warnings: list[WarningEvent] = field(default_factory=list)
    warned: int = 0
    logs: list[bytes] = field(default_factory=list)
    """Lines with their times; the last is unfinished where ``partial``."""
    partial: bool = False
    index: int = 0
    """The number that plain output knows it by; 0 before it is printed."""
    news: int = 0
    waiting_since: float = 0.0

    @property
    def canceled(self) -> bool:
        return self.error.endswith(CANCELED)

    @property
    def failed(self) -> bool:
        return bool(self.error) and not self.canceled

    @property
    def running(self) -> bool:
        return self.started is not None and self.completed is None

    def touch(self, now: float) -> None:
        """Counts one piece of news that is not shown yet."""
        if self.news == 0:
            self.waiting_since = now
        self.news += 1

    def last_start(self) -> float | None:
        return max(self.intervals, default=None)

    def merged_intervals(self) -> list[tuple[float, float | None]]:
        """When it ran, overlaps joined; an open end swallows what follows."""
        merged: list[tuple[float, float | None]] = []
        for start, stop in sorted(self.intervals.items(), key=lambda pair: pair[0]):
            if merged:
                first, last = merged[-1]
                if last is None:
                    break
                if start <= last:
                    merged[-1] = (first, None if stop is None else max(last, stop))
                    continue
            merged.append((start, stop))
        return merged


class Trace:
    """All vertices, in the order they were started in."""

    def __init__(self, on_log: LogSink | None = None) -> None:
        self.by_digest: dict[str, VertexState] = {}
        self.started: list[VertexState] = []
        self.news: dict[str, VertexState] = {}
        """Vertices with something not shown yet."""
        self.first_start: float | None = None
        self.clock_offset = 0.0
        """This clock minus that of the events: a daemon's may differ."""
        self._on_log = on_log

    def update(self, events: Iterable[Event], now: float) -> None:
        """Takes events in. ``now`` is this machine's time, in the unit of event times."""
        for event in events:
            if isinstance(event, VertexEvent):
                self._vertex(event, now)
                continue
            vertex = self.by_digest.get(event.vertex)
            if vertex is None:
                continue  # a daemon may speak of a vertex that it has never named
            if isinstance(event, StatusEvent):
                vertex.statuses[event.id] = event
                vertex.updated.add(event.id)
            elif isinstance(event, WarningEvent):
                vertex.warnings.append(event)
            else:
                self._log(vertex, event)
            vertex.touch(now)
            self.news[vertex.digest] = vertex

    def _vertex(self, event: VertexEvent, now: float) -> None:
        vertex = self.by_digest.get(event.digest)
        if vertex is None:
            vertex = self.by_digest[event.digest] = VertexState(event.digest, event.name)
        if event.started is None:
            if not vertex.intervals:
                vertex.name = event.name
            return  # a vertex that is named again keeps its state
        if self.first_start is None:
            self.first_start = event.started
            self.clock_offset = now - event.started
        if not vertex.intervals:
            self.started.append(vertex)
        if event != vertex.shown:
            vertex.shown = event
            vertex.touch(now)
            self.news[event.digest] = vertex
        vertex.name = event.name
        vertex.started, vertex.completed = event.started, event.completed
        vertex.cached, vertex.error = event.cached, event.error
        vertex.intervals[event.started] = event.completed

    def _log(self, vertex: VertexState, event: LogEvent) -> None:
        if self._on_log is not None:
            self._on_log(vertex, event.data)
        start = vertex.last_start()
        stamp = log_time(event.timestamp - start if start is not None else 0.0).encode()
        lines = event.data.split(b"\n")
        finished = lines[-1] == b""
        if finished:
            lines.pop()
        for number, line in enumerate(lines):
            if number == 0 and vertex.partial and vertex.logs:
                vertex.logs[-1] += line
            else:
                vertex.logs.append(stamp + b" " + line)
        if lines:
            vertex.partial = not finished
