"""Opens the view of a build that a user asked for, and feeds it from a thread of its own."""

from __future__ import annotations

import io
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import IO, Any, Literal, Protocol

from builder.errors import BuilderError
from builder.events import Event, WarningEvent

Mode = Literal["auto", "tty", "plain", "quiet", "rawjson", "none"]
MODES: tuple[Mode, ...] = ("auto", "none", "plain", "quiet", "rawjson", "tty")

_TICK = 0.15  # seconds after which a view is refreshed when nothing happens
_RATE = 0.1  # seconds between two refreshes when much happens
_DEFAULT_SIZE = (80, 10)
_LARGEST_BATCH = 1000  # events; so that a flood does not keep the view from moving


class ProgressError(BuilderError):
    """The view asked for cannot be had. ``mode`` is what was asked for."""

    def __init__(self, message: str, mode: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.mode = mode


class Display(Protocol):
    """A view. Its methods are called from one thread."""

    def update(self, events: Iterable[Event]) -> None:
        """Takes events in."""

    def refresh(self) -> None:
        """Shows what is due."""

    def done(self) -> None:
        """Shows all that is left; nothing follows."""


class Progress:
    """Takes events from any thread and shows them. Use it in a ``with``, or ``close`` it.

    When the stream breaks (a pipe closed by its reader) the view stops and the build goes on.
    """

    def __init__(
        self, display: Display | None, *, tick: float = _TICK, rate: float = _RATE
    ) -> None:
        self._display = display
        self._tick = tick
        self._rate = rate
        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._warnings: list[WarningEvent] = []
        self._fault: Exception | None = None
        self._thread: threading.Thread | None = None
        if display is not None:
            self._thread = threading.Thread(target=self._show, name="progress", daemon=True)
            self._thread.start()

    @property
    def warnings(self) -> Sequence[WarningEvent]:
        """All warnings so far, in every mode."""
        return tuple(self._warnings)

    def emit(self, event: Event) -> None:
        """Takes one event; returns at once."""
        if isinstance(event, WarningEvent):
            self._warnings.append(event)
        if self._thread is not None and self._thread.is_alive():
            self._queue.put(event)

    def close(self) -> None:
        """Shows all that was emitted, and the end of the view. May be called again."""
        if self._thread is None:
            return
        self._queue.put(None)
        self._thread.join()
        self._thread = None
        if self._fault is not None:
            raise self._fault

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except Exception as fault:
            if error is None:
                raise
            error.add_note(f"the view of the build failed too: {fault!r}")

    def _show(self) -> None:
        assert self._display is not None
        try:
            self._follow(self._display)
        except OSError:
            return
        except Exception as fault:  # noqa: BLE001  # a bug of ours: raised where it is seen
            self._fault = fault

    def _follow(self, display: Display) -> None:
        last = float("-inf")
        while True:
            batch, closed = self._next_batch()
            if batch:
                display.update(batch)
            if closed:
                display.done()
                return
            now = time.monotonic()
            if not batch or now - last >= self._rate:
                display.refresh()
                last = now

    def _next_batch(self) -> tuple[list[Event], bool]:
        """All that waits, after at most one tick; and whether it is the last."""
        batch: list[Event] = []
        try:
            event = self._queue.get(timeout=self._tick)
            while event is not None:
                batch.append(event)
                if len(batch) == _LARGEST_BATCH:
                    return batch, False
                event = self._queue.get_nowait()
        except queue.Empty:
            return batch, False
        return batch, True


def check_mode(mode: str, stream: IO[Any]) -> None:
    """Raises ``ProgressError`` where ``stream`` cannot have the view ``mode``."""
    if mode not in MODES:
        raise ProgressError(
            f"invalid progress mode {mode}", mode, hint=f"one of {', '.join(MODES)}"
        )
    if mode == "tty" and not _is_terminal(stream):
        raise ProgressError(
            "failed to get console: the output is not a terminal",
            mode,
            hint="use --progress=plain, or auto",
        )


def open_progress(
    mode: str,
    stream: IO[Any],
    environ: Mapping[str, str],
    *,
    phase: str = "Building",
    description: str = "",
    headline: str = "",
) -> Progress:
    """The view ``mode`` on ``stream`` (text or binary; flushed after every piece).

    ``auto`` is ``tty`` where the stream is a terminal that can move its cursor, else
    ``plain``. ``quiet`` and ``none`` show nothing. ``headline`` is the first line of plain
    output (``#0 HEADLINE``). ``TTY_DISPLAY_RATE`` (milliseconds) is
    kept as BuildKit keeps it. ``description`` stands at the right end
    of the tty's header. Raises ``ProgressError``.
    """
    check_mode(mode, stream)
    if mode == "auto":
        mode = "tty" if _is_terminal(stream) and environ.get("TERM") != "dumb" else "plain"
    display = _display(mode, stream, environ, phase, description, headline)
    rate = environ.get("TTY_DISPLAY_RATE", "")
    if rate.isdigit() and int(rate):
        return Progress(display, tick=int(rate) / 1000, rate=int(rate) / 1000)
    return Progress(display)


def _display(
    mode: str,
    stream: IO[Any],
    environ: Mapping[str, str],
    phase: str,
    description: str,
    headline: str,
) -> Display | None:
    write = _writer(stream)
    if mode == "rawjson":
        from builder.progress.rawjson import RawJSONDisplay

        return RawJSONDisplay(write)
    if mode == "plain":
        from builder.progress.plain import PlainDisplay

        return PlainDisplay(write, environ, time.time, headline)
    if mode == "tty":
        from builder.progress.tty import TTYDisplay

        size = _sizer(stream)
        return TTYDisplay(write, size, environ, time.time, phase=phase, description=description)
    return None


def _is_terminal(stream: IO[Any]) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _writer(stream: IO[Any]) -> Callable[[bytes], object]:
    """Writes bytes to a text or binary stream, past the text layer where it has one."""
    binary = getattr(stream, "buffer", stream)
    text_only = isinstance(binary, io.TextIOBase)

    def write(data: bytes) -> None:
        if text_only:
            stream.write(data.decode("utf-8", "replace"))
        else:
            binary.write(data)
        stream.flush()

    return write


def _sizer(stream: IO[Any]) -> Callable[[], tuple[int, int]]:
    descriptor = stream.fileno()

    def size() -> tuple[int, int]:
        try:
            columns, rows = os.get_terminal_size(descriptor)
        except OSError:
            return _DEFAULT_SIZE
        return (columns, rows) if columns > 0 and rows > 0 else _DEFAULT_SIZE

    return size
