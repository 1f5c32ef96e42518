"""Plain text: one vertex at a time has the floor, and is numbered ``#N`` (BuildKit's rules)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping

from builder.events import Event, StatusEvent
from builder.progress.report import failure_excerpt
from builder.progress.text import amount, harmless
from builder.progress.trace import Trace, VertexState

_ANTI_FLICKER = 5.0  # seconds that a vertex keeps the floor, at least, while others have news
_LONGEST_WAIT = 10.0  # seconds after which a vertex with news gets the floor
_STATUS_PAUSE = 5.0  # a status is repeated after so many seconds ...
_STATUS_STEP = 0.05  # ... or so much progress
_EXCERPT_LINES = 10
_NAME_LIMIT = 72


class PlainDisplay:
    """Writes the log of a build to ``write``, as bytes, whole lines where it can."""

    def __init__(
        self,
        write: Callable[[bytes], object],
        environ: Mapping[str, str],
        clock: Callable[[], float],
        headline: str = "",
    ) -> None:
        self._write = write
        self._headline = headline
        self._clock = clock
        self._truncate = environ.get("PROGRESS_NO_TRUNC") == "0"
        self._trace = Trace()
        self._floor: VertexState | None = None
        self._numbered = 0
        self._line_open = False
        self._shown_of_line: dict[VertexState, int] = {}
        """Bytes of the unfinished line of a vertex that stand on the screen."""
        self._last_status: dict[tuple[str, str], StatusEvent] = {}
        self._tails: dict[VertexState, deque[bytes]] = {}

    def update(self, events: Iterable[Event]) -> None:
        self._trace.update(events, self._clock())

    def refresh(self) -> None:
        """Prints what is due: finished vertices, then one that is running."""
        news = list(self._trace.news.values())
        completed = [v for v in news if v.completed is not None]
        running = [v for v in news if v.completed is None]
        completed.sort(key=lambda v: (v is not self._floor, v.completed))
        for vertex in completed:
            self._print(vertex)
        if running:
            self._give_floor(running)
        elif self._floor is None:
            waiting = next((v for v in self._trace.started if v.running), None)
            if waiting is not None:
                self._print(waiting)

    def done(self) -> None:
        """Prints all that is left, then the last lines of every vertex that failed."""
        self.refresh()
        for vertex in list(self._trace.news.values()):
            self._print(vertex)
        self._end_line()
        for vertex in self._trace.started:
            if vertex.failed:
                lines = self._tails.get(vertex, ())
                self._write(failure_excerpt(harmless(vertex.name), lines))

    def _give_floor(self, running: list[VertexState]) -> None:
        floor = self._floor
        if floor is None:
            self._print(self._busiest(running))
            return
        if floor.digest in self._trace.news:
            self._print(floor)
        others = [v for v in running if v is not floor]
        now = self._clock()
        for vertex in others:
            if now - vertex.waiting_since > _LONGEST_WAIT:
                self._print(vertex)
                return
        speeds = {v: self._speed(v, now) for v in (*others, floor)}
        share = speeds[floor] / (sum(speeds.values()) or 1.0)
        held = now - floor.waiting_since
        if others and share < 1.0 and held > _ANTI_FLICKER / (1.0 - share):
            self._print(self._busiest([*others, floor]))

    def _busiest(self, vertices: list[VertexState]) -> VertexState:
        now = self._clock()
        late = [v for v in vertices if now - v.waiting_since > _LONGEST_WAIT]
        return max(late or vertices, key=lambda v: self._speed(v, now))

    def _speed(self, vertex: VertexState, now: float) -> float:
        return vertex.news / max(now - vertex.waiting_since, 1e-6)

    def _print(self, vertex: VertexState) -> None:
        if vertex is not self._floor:
            self._change_floor(vertex)
        for status_id in [i for i in vertex.statuses if i in vertex.updated]:
            self._print_status(vertex, vertex.statuses[status_id])
        vertex.updated.clear()
        for warning in vertex.warnings[vertex.warned :]:
            self._line(vertex, f"WARN: {warning.short}")
        vertex.warned = len(vertex.warnings)
        self._print_logs(vertex)
        if vertex.completed is not None:
            self._print_end(vertex)
            self._floor = None
            vertex.news = 0
        self._trace.news.pop(vertex.digest, None)

    def _change_floor(self, vertex: VertexState) -> None:
        if self._floor is not None:
            self._line(self._floor, "...")
            self._floor.news = 0
        self._end_line()
        if self._numbered:
            self._write(b"\n")
        elif self._headline:
            self._write(f"#0 {self._headline}\n\n".encode("utf-8", "replace"))
        if not vertex.index:
            self._numbered += 1
            vertex.index = self._numbered
        name = vertex.name
        if self._truncate and len(name) > _NAME_LIMIT:
            name = name[:_NAME_LIMIT] + "..."
        self._line(vertex, name)
        self._floor = vertex

    def _print_status(self, vertex: VertexState, status: StatusEvent) -> None:
        last = self._last_status.get((vertex.digest, status.id))
        if last is not None and status.completed is None:
            progress = (status.current - last.current) / status.total if status.total else 0.0
            if progress < _STATUS_STEP and status.timestamp - last.timestamp < _STATUS_PAUSE:
                return
        self._last_status[vertex.digest, status.id] = status
        text = status.id
        if done := amount(status.current, status.total):
            text += f" {done}"
        end = status.timestamp if status.completed is None else status.completed
        if status.started is not None and end - status.started > 0.01:
            text += f" {end - status.started:.1f}s"
        if status.completed is not None:
            text += " done"
        self._line(vertex, text)

    def _print_logs(self, vertex: VertexState) -> None:
        if not vertex.logs:
            return
        tail = self._tails.setdefault(vertex, deque(maxlen=_EXCERPT_LINES))
        for number, line in enumerate(vertex.logs):
            unfinished = vertex.partial and number == len(vertex.logs) - 1
            shown = self._shown_of_line.pop(vertex, 0) if number == 0 else 0
            if shown and self._line_open:
                self._write(line[shown:])
            else:
                self._end_line()  # an interrupted line is shown again from its start
                self._write(b"#%d %s" % (vertex.index, line))
            self._line_open = True
            if unfinished:
                self._shown_of_line[vertex] = len(line)
            else:
                self._end_line()
                tail.append(line)
        vertex.logs[:] = vertex.logs[-1:] if vertex.partial else []

    def _print_end(self, vertex: VertexState) -> None:
        if vertex.partial and vertex.logs:
            self._tails[vertex].append(vertex.logs[-1])
            vertex.logs.clear()
            vertex.partial = False
        if vertex.canceled:
            text = "CANCELED"
        elif vertex.error:
            text = f"ERROR: {vertex.error}"
        elif vertex.cached:
            text = "CACHED"
        else:
            text = "DONE"
            if vertex.started is not None and vertex.completed is not None:
                text += f" {vertex.completed - vertex.started:.1f}s"
        self._line(vertex, text)

    def _line(self, vertex: VertexState, text: str) -> None:
        """What is not a step's own output may come from a file or a registry."""
        self._end_line()
        shown = harmless(text).encode("utf-8", "replace")
        self._write(b"#%d %s\n" % (vertex.index, shown))

    def _end_line(self) -> None:
        if self._line_open:
            self._write(b"\n")
            self._line_open = False
            self._shown_of_line.clear()
