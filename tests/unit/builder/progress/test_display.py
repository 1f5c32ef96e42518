"""Opening a view, feeding it from threads, and closing it whatever happens."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import termios
import threading
import time
from collections.abc import Iterator
from typing import TextIO

import pytest

from builder.events import LogEvent, VertexEvent, WarningEvent
from builder.progress.display import Progress, ProgressError, open_progress

DONE = VertexEvent("d", "step", (), 1000.0, 1001.0)


class Terminal:
    """A pseudo-terminal of a given size; ``stream`` is its inside."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self._outside, inside = pty.openpty()
        self.stream: TextIO = os.fdopen(inside, "w")
        self.resize(columns, rows)
        self.output = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def resize(self, columns: int, rows: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.stream.fileno(), termios.TIOCSWINSZ, size)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._outside, 65536)
            except OSError:  # the inside was closed
                return
            self.output += data

    def close(self) -> None:
        self.stream.close()
        self._reader.join()
        os.close(self._outside)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    opened = Terminal()
    yield opened
    if not opened.stream.closed:
        opened.close()


def test_auto_is_plain_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    with open_progress("auto", stream, {}) as progress:
        progress.emit(DONE)
    assert stream.getvalue() == "#1 step\n#1 DONE 1.0s\n"


def test_auto_is_the_live_view_on_a_terminal_and_plain_on_a_dumb_one(terminal: Terminal) -> None:
    with open_progress("auto", terminal.stream, {"TERM": "dumb"}) as progress:
        progress.emit(DONE)
    with open_progress("auto", terminal.stream, {"TERM": "xterm"}) as progress:
        progress.emit(DONE)
    terminal.close()
    plain, live = terminal.output.split(b"#1 DONE 1.0s\r\n")
    assert plain == b"#1 step\r\n"
    assert b"[+] Building" in live
    assert b"FINISHED" in live


def test_the_live_view_needs_a_terminal() -> None:
    with pytest.raises(ProgressError, match="not a terminal") as caught:
        open_progress("tty", io.StringIO(), {})
    assert caught.value.hint


def test_an_unknown_mode_is_refused_by_name() -> None:
    with pytest.raises(ProgressError, match="invalid progress mode fancy") as caught:
        open_progress("fancy", io.StringIO(), {})
    assert "rawjson" in caught.value.hint


@pytest.mark.parametrize("mode", ["quiet", "none"])
def test_quiet_modes_print_nothing_but_keep_warnings(mode: str) -> None:
    stream = io.StringIO()
    warning = WarningEvent("d", "careful")
    with open_progress(mode, stream, {}) as progress:
        progress.emit(DONE)
        progress.emit(warning)
    assert stream.getvalue() == ""
    assert progress.warnings == (warning,)


def test_rawjson_is_lines_of_json() -> None:
    stream = io.BytesIO()
    with open_progress("rawjson", stream, {}) as progress:
        progress.emit(DONE)
    assert stream.getvalue().startswith(b'{"vertexes":[{"digest":"d","name":"step",')


def test_all_that_any_thread_emitted_is_shown_when_it_closes() -> None:
    stream = io.BytesIO()
    progress = open_progress("plain", stream, {})
    progress.emit(VertexEvent("d", "step", (), 1000.0))

    def emit(number: int) -> None:
        for line in range(200):
            progress.emit(LogEvent("d", 1, b"%d:%d.\n" % (number, line), 1000.0))

    threads = [threading.Thread(target=emit, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    progress.close()
    progress.close()
    lines = stream.getvalue().splitlines()[1:]
    assert len(lines) == 1600
    assert len(set(lines)) == 1600


def test_the_live_view_moves_while_nothing_happens(terminal: Terminal) -> None:
    with open_progress("tty", terminal.stream, {"TTY_DISPLAY_RATE": "10"}) as progress:
        progress.emit(VertexEvent("d", "step", (), time.time()))
        deadline = time.monotonic() + 10
        while terminal.output.count(b"[+] Building") < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert terminal.output.count(b"[+] Building") >= 5


def test_the_live_view_follows_the_size_of_the_terminal(terminal: Terminal) -> None:
    with open_progress("tty", terminal.stream, {"TTY_DISPLAY_RATE": "10"}) as progress:
        progress.emit(VertexEvent("d", "x" * 200, (), time.time()))
        deadline = time.monotonic() + 10
        while terminal.output.count(b"\x1b[?25h") < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        terminal.resize(40, 24)
    terminal.close()
    assert b"x" * 69 in terminal.output
    last = terminal.output.rpartition(b"[+] Building")[2]
    assert b"x" * 28 in last
    assert b"x" * 30 not in last


def test_the_cursor_is_back_when_the_build_raises(terminal: Terminal) -> None:
    def fails() -> None:
        with open_progress("tty", terminal.stream, {}) as progress:
            progress.emit(VertexEvent("d", "step", (), time.time()))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails()
    terminal.close()
    assert terminal.output.rstrip().endswith(b"\x1b[?25h")
    assert terminal.output.count(b"\x1b[?25l") == terminal.output.count(b"\x1b[?25h")


def test_a_broken_pipe_does_not_stop_the_build() -> None:
    class Broken(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    with open_progress("plain", Broken(), {}) as progress:
        progress.emit(DONE)
        time.sleep(0.01)
        progress.emit(DONE)


def test_a_fault_of_a_view_is_not_swallowed() -> None:
    class Faulty:
        def update(self, events: object) -> None:
            raise ZeroDivisionError

        def refresh(self) -> None: ...
        def done(self) -> None: ...

    progress = Progress(Faulty())
    progress.emit(DONE)
    with pytest.raises(ZeroDivisionError):
        progress.close()


def test_a_fault_of_a_view_does_not_hide_why_the_build_failed() -> None:
    class Faulty:
        def update(self, events: object) -> None:
            raise ZeroDivisionError

        def refresh(self) -> None: ...
        def done(self) -> None: ...

    def build() -> None:
        with Progress(Faulty()) as progress:
            progress.emit(DONE)
            raise LookupError("the step")

    with pytest.raises(LookupError, match="the step") as caught:
        build()
    assert "ZeroDivisionError" in caught.value.__notes__[0]
