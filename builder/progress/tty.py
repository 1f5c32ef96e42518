"""The live view: a header, a line for each vertex and status, windows into running steps.

Each frame is drawn over the one before. The cursor is hidden only while a frame is drawn,
so that it is back whenever and however the program ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from builder.events import Event
from builder.progress.colors import FAINT, RESET, palette
from builder.progress.escapes import shown_line
from builder.progress.logwindow import LogWindow
from builder.progress.report import failure_excerpt
from builder.progress.text import align, amount, cells, clip, printable
from builder.progress.trace import Trace, VertexState

_WINDOW_ROWS = 6
_WINDOW_MARGIN = 10  # columns around a window: its prefix " => => # " and one to spare
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
_HOME, _ERASE_BELOW = "\x1b[0G", "\x1b[J"
_SHORTEST_NAME = 12


class _Job(Struct):
    """One line of the view: a vertex, a status or a warning of it."""

    name: str
    seconds: float
    completed: bool
    status: str = ""
    color: str = ""
    window: LogWindow | None = None
    shows_window: bool = False


class TTYDisplay:
    """Draws on a terminal through ``write``; ``size`` tells its columns and rows."""

    def __init__(
        self,
        write: Callable[[bytes], object],
        size: Callable[[], tuple[int, int]],
        environ: Mapping[str, str],
        clock: Callable[[], float],
        *,
        phase: str = "Building",
        description: str = "",
    ) -> None:
        self._write = write
        self._size = size
        self._clock = clock
        self._phase = phase
        self._description = description
        self._palette = palette(environ)
        self._colours_logs = not environ.get("NO_COLOR")
        rows = environ.get("BUILDKIT_TTY_LOG_LINES", "")
        self._wanted_rows = max(int(rows), 1) if rows.isdecimal() else _WINDOW_ROWS
        self._trace = Trace(self._take_log)
        self._windows: dict[VertexState, LogWindow] = {}
        self._frame: list[int] = []
        """Cells of each line that the last frame drew."""
        self._drawn_on = (0, 0)
        """Columns and rows of the screen that it was drawn on."""

    def update(self, events: Iterable[Event]) -> None:
        self._trace.update(events, self._clock())
        for vertex in self._trace.news.values():
            if vertex.completed is not None and not vertex.failed:
                vertex.logs.clear()  # kept only to be shown after a failure
                self._windows.pop(vertex, None)
        self._trace.news.clear()

    def refresh(self) -> None:
        """Draws the next frame."""
        self._draw(final=False)

    def done(self) -> None:
        """Draws the last frame, whole, then the logs of every vertex that failed."""
        self._draw(final=True)
        for vertex in self._trace.started:
            if vertex.failed:
                logs = (shown_line(line, colour=self._colours_logs) for line in vertex.logs)
                self._write(failure_excerpt(printable(vertex.name), logs))

    def _take_log(self, vertex: VertexState, data: bytes) -> None:
        window = self._windows.get(vertex)
        if window is None:
            columns, rows = self._size()
            window = LogWindow(self._window_rows(rows), columns - _WINDOW_MARGIN)
            self._windows[vertex] = window
        window.write(data)

    # -- what to show ---------------------------------------------------------

    def _jobs(self) -> list[_Job]:
        jobs: list[_Job] = []
        now = self._clock() - self._trace.clock_offset
        for vertex in self._trace.started:
            jobs.extend(self._jobs_of(vertex, now))
        return jobs

    def _jobs_of(self, vertex: VertexState, now: float) -> Iterable[_Job]:
        intervals = vertex.merged_intervals()
        seconds = sum((now if stop is None else stop) - start for start, stop in intervals)
        completed = not intervals or intervals[-1][1] is not None
        name, color = printable(vertex.name), self._palette.run
        if vertex.canceled:
            name, color = f"CANCELED {name}", self._palette.cancel
        elif vertex.error:
            name, color = f"ERROR {name}", self._palette.error
        elif vertex.cached:
            name = f"CACHED {name}"
        yield _Job(name, seconds, completed, color=color, window=self._windows.get(vertex))
        for status in vertex.statuses.values():
            if status.started is None:
                continue
            end = now if status.completed is None else status.completed
            yield _Job(
                f"=> {printable(status.id)}",
                end - status.started,
                status.completed is not None,
                amount(status.current, status.total),
                self._palette.run,
            )
        for warning in vertex.warnings:
            text = f"WARN: {printable(warning.short)}"
            yield _Job(text, seconds, completed, color=self._palette.warning)

    def _window_rows(self, rows: int) -> int:
        """As many as were asked for, as far as a screen of ``rows`` has room for them."""
        return min(self._wanted_rows, max(rows - _WINDOW_ROWS - 1, _WINDOW_ROWS))

    def _open_windows(self, jobs: list[_Job], columns: int, rows: int) -> int:
        """Gives the busiest running steps a window; returns the rows that these take."""
        height = self._window_rows(rows)
        running = [j for j in jobs if j.window and not j.completed]
        for job in running:
            assert job.window is not None
            job.window.resize(height, columns - _WINDOW_MARGIN)
        candidates = [j for j in running if j.window and j.window.lines()]
        candidates.sort(key=lambda j: j.window.written + j.window.shown * 50 if j.window else 0)
        free = rows - 2 - sum(not job.completed for job in jobs)
        needed = height + 3
        taken = 0
        while candidates and free > needed:
            job = candidates.pop()
            assert job.window is not None
            job.shows_window = True
            taken += len(job.window.lines())
            free -= needed
        return taken

    # -- drawing --------------------------------------------------------------

    def _draw(self, *, final: bool) -> None:
        columns, rows = self._size()
        jobs = self._jobs()
        taken = self._open_windows(jobs, columns, rows)
        if not final:
            jobs = fit(jobs, rows - 2 - taken, lambda job: not job.completed)
        lines = [self._header(columns, final)]
        for job in jobs:
            lines.extend(self._lines_of(job, columns))
        out = [self._back_to_top(columns, rows), _HIDE]
        out.extend(text for text, _ in lines)
        widths = [width for _, width in lines]
        if (surplus := len(self._frame) - len(widths)) > 0:
            out.append((" " * columns + "\n") * surplus + f"\x1b[{surplus}A{_HOME}")
        out.append(_SHOW)
        self._frame, self._drawn_on = widths, (columns, rows)
        self._write("".join(out).encode("utf-8", "replace"))

    def _back_to_top(self, columns: int, rows: int) -> str:
        if not self._frame:
            return _HOME
        up = len(self._frame)
        if (columns, rows) == self._drawn_on:
            return f"\x1b[{up}A{_HOME}"
        # The terminal has folded what is wider than it has become, and what went above its
        # first row is out of reach.
        up = sum(max(-(-width // columns), 1) for width in self._frame)
        self._frame = []
        return f"\x1b[{up}A{_HOME}{_ERASE_BELOW}"

    def _header(self, columns: int, final: bool) -> tuple[str, int]:
        trace = self._trace
        total = len(trace.by_digest)
        completed = sum(v.completed is not None for v in trace.by_digest.values())
        seconds = 0.0
        if trace.first_start is not None:
            seconds = self._clock() - trace.clock_offset - trace.first_start
        text = f"[+] {self._phase} {seconds:.1f}s ({completed}/{total})"
        if final and total and completed == total:
            text += " FINISHED"
        text = clip(align(text, self._description, columns - bool(self._description)), columns)
        return text + "\n", cells(text)

    def _lines_of(self, job: _Job, columns: int) -> Iterable[tuple[str, int]]:
        timer = f" {job.seconds if job.seconds >= 0.05 else 0.0:3.1f}s"
        left = columns - len(" => ") - len(timer) - 2
        status = ""
        if job.status and left + len(job.status) > 20:
            status = f" {job.status}"
            left -= len(status)
        if left < _SHORTEST_NAME:
            return
        text = align(f" => {clip(job.name, left)}{status}", timer, columns - 1)
        color = job.color if job.completed else ""
        yield (f"{color}{text}\n{RESET}" if color else f"{text}\n"), cells(text)
        if job.shows_window and job.window is not None:
            for line in job.window.lines():
                text = align(f" => => # {line}", "", columns - 1)
                yield f"{FAINT}{text}\n{RESET}", cells(text)
            job.window.shown += 1


def fit(jobs: list[_Job], rows: int, running: Callable[[_Job], bool]) -> list[_Job]:
    """The last ``rows`` jobs; running ones above them take the place of finished ones."""
    if rows <= 0:
        return []
    if len(jobs) <= rows:
        return jobs
    kept = jobs[-rows:]
    hidden = [job for job in jobs[:-rows] if running(job)]
    if not hidden:
        return kept
    replaceable = [i for i, job in enumerate(kept) if not running(job)][: len(hidden)]
    gone = set(replaceable)
    kept = [job for i, job in enumerate(kept) if i not in gone]
    return hidden[len(hidden) - len(gone) :] + kept
