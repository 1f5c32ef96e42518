"""The live view: frame by frame against BuildKit's, and on screens of every size."""

from __future__ import annotations

import itertools
import re

import pytest

from builder.events import Event, LogEvent, StatusEvent, VertexEvent, WarningEvent
from builder.progress.tty import TTYDisplay
from tests.unit.builder.progress import recorded
from tests.unit.builder.progress.screen import Screen


class View:
    """A live view on a screen, with a clock that the test turns."""

    def __init__(self, columns: int = 100, rows: int = 40, **environ: str) -> None:
        self.now = 1000.0
        self.size = (columns, rows)
        self.screen = Screen(columns)
        self.out = bytearray()
        self.display = TTYDisplay(self._write, lambda: self.size, environ, lambda: self.now)

    def _write(self, data: bytes) -> None:
        self.out += data
        self.screen.write(data)

    def at(self, now: float, *events: Event) -> list[str]:
        """The screen after these events and one frame."""
        self.now = now
        self.display.update(events)
        self.display.refresh()
        return self.screen.text

    def done(self, now: float | None = None) -> list[str]:
        self.now = self.now if now is None else now
        self.display.done()
        return self.screen.text


def vertex(name: str, start: float = 1000.0, end: float | None = None, **more: object) -> Event:
    return VertexEvent(name, name, (), start, end, **more)  # type: ignore[arg-type]


def log(name: str, data: str, at: float = 1000.5) -> Event:
    return LogEvent(name, 1, data.encode(), at)


def _frames(raw: str) -> list[str]:
    """What every frame draws: without line ends of the terminal and cursor movements."""
    text = raw.replace("\r\n", "\n")
    text = re.sub(r"\x1b\[\d*[ABG]", "", text)
    return [frame.partition("\x1b[?25h")[0] for frame in text.split("\x1b[?25l")[1:]]


_FROM = (
    "[1/3] FROM docker.io/library/busybox:latest@sha256:"
    "f028440ab110a0c3037580f188a061b195e40b7a5527ed47c99b8bc237f59455"
)
_FAILING = "[3/3] RUN echo failing && exit 3"


def test_draws_the_frames_that_buildkit_drew() -> None:
    """``data/tty-fail.raw`` was recorded from a failing build, 100 columns wide."""
    expected = (recorded.DATA / "tty-fail.raw").read_bytes().decode()
    view = View()

    def transferred(of: str, what: str, count: int) -> Event:
        return StatusEvent(of, f"transferring {what}:", "", count, 0, 1000.0, 1000.0, 1000.0)

    load = "[internal] load build definition from Dockerfile.fail"
    metadata = "[internal] load metadata for docker.io/library/busybox:latest"
    ignore = "[internal] load .dockerignore"
    resolve = StatusEvent(_FROM, f"resolve {_FROM[11:]}", "", 0, 0, 1000.0, 1000.0, 1000.0)
    view.at(1000.0, vertex(load))
    view.at(
        1000.11,
        vertex(load, end=1000.01),
        transferred(load, "dockerfile", 98),
        vertex(metadata, 1000.01, 1000.02),
        vertex(ignore, 1000.02, 1000.03),
        transferred(ignore, "context", 2),
        VertexEvent(_FAILING, _FAILING),
        vertex(_FROM, 1000.03, 1000.03, cached=True),
        resolve,
        vertex("[2/3] RUN echo before", 1000.03),
        log("[2/3] RUN echo before", "before\n", 1000.1),
    )
    view.at(
        1000.21,
        vertex("[2/3] RUN echo before", 1000.03, 1000.13),
        vertex(_FAILING, 1000.14),
        log(_FAILING, "failing\n", 1000.221),
    )
    view.display.update([vertex(_FAILING, 1000.14, 1000.24, error="exit code: 3")])
    view.done(1000.26)
    assert _frames(view.out.decode()) == _frames(expected)
    said_last = view.out.decode().rpartition("\x1b[?25h")[2]
    assert expected.replace("\r\n", "\n").rpartition("\x1b[?25h")[2].startswith(said_last)


def test_a_recorded_stream_ends_in_the_lines_that_buildkit_left() -> None:
    view = View()
    for batch in recorded.stream():
        view.display.update(batch)
        view.display.refresh()
    lines = view.done()
    assert re.fullmatch(r"\[\+] Building [0-9.]+s \(11/11\) FINISHED", lines[0])
    theirs = Screen(101)
    raw = (recorded.DATA / "tty-cold.raw").read_bytes().replace(b"\x1b[1A\x1b[1B", b"")
    theirs.write(raw)
    assert {line[:90] for line in lines[1:]} == {
        line[:90].replace("26B", "35B") for line in theirs.text[1:]
    }


def test_a_running_step_shows_its_time_and_a_finished_one_is_coloured() -> None:
    view = View()
    view.at(1000.0, vertex("RUN make"))
    lines = view.at(1001.04)
    assert lines[0] == "[+] Building 1.0s (0/1)"
    assert lines[1].split() == ["=>", "RUN", "make", "1.0s"]
    assert len(lines[1]) == 99
    assert b"\x1b[34m" not in view.out
    view.at(1002.0, vertex("RUN make", end=1001.5))
    assert b"\x1b[34m => RUN make" in view.out


@pytest.mark.parametrize(
    ("event", "line", "color"),
    [
        (vertex("x", end=1001.0, error="boom"), " => ERROR x", "31"),
        (vertex("x", end=1001.0, error="stop: context canceled"), " => CANCELED x", "33"),
        (vertex("x", end=1000.0, cached=True), " => CACHED x", "34"),
    ],
)
def test_how_a_step_ended_is_a_word_and_a_colour(event: Event, line: str, color: str) -> None:
    view = View()
    view.at(1001.0, event)
    assert f"\x1b[{color}m{line}".encode() in view.out


def test_no_color_means_none() -> None:
    view = View(NO_COLOR="1", BUILDKIT_COLORS="run=red")
    view.at(1001.0, vertex("x", end=1001.0))
    assert re.search(rb"\x1b\[[0-9;]+m", view.out) is None


def test_colours_may_be_chosen() -> None:
    view = View(BUILDKIT_COLORS="run=light-green:error=255,0,0:nonsense:cancel=")
    view.at(1001.0, vertex("x", end=1001.0), vertex("y", end=1001.0, error="boom"))
    assert b"\x1b[92m => x" in view.out
    assert b"\x1b[38;5;196m => ERROR y" in view.out


def test_statuses_and_warnings_stand_under_their_step() -> None:
    view = View()
    view.at(1000.0, vertex("FROM x"))
    lines = view.at(
        1001.0,
        StatusEvent("FROM x", "sha256:abc", "", 1_200_000, 3_000_000, 1001.0, 1000.0, None),
        WarningEvent("FROM x", "old syntax"),
    )
    assert lines[2].split() == ["=>", "=>", "sha256:abc", "1.20MB", "/", "3.00MB", "1.0s"]
    assert lines[3].startswith(" => WARN: old syntax")


def test_the_window_shows_the_last_six_lines_while_a_step_runs() -> None:
    view = View()
    lines = view.at(1001.0, vertex("RUN"), log("RUN", "".join(f"l{n}\n" for n in range(10))))
    assert lines[2:] == [f" => => # l{n}" for n in range(4, 10)]
    assert b"\x1b[2m => => # l9" in view.out
    lines = view.at(1002.0, log("RUN", "l10"))
    assert lines[2:] == [f" => => # l{n}" for n in range(5, 11)]
    lines = view.at(1003.0, vertex("RUN", end=1002.5))
    assert len(lines) == 2, "the window is gone, and so are its lines"


def test_the_height_of_the_window_may_be_chosen() -> None:
    view = View(BUILDKIT_TTY_LOG_LINES="2")
    lines = view.at(1001.0, vertex("RUN"), log("RUN", "a\nb\nc"))
    assert lines[2:] == [" => => # b", " => => # c"]


def test_a_window_that_was_asked_for_higher_than_the_screen_takes_what_there_is() -> None:
    view = View(rows=24, BUILDKIT_TTY_LOG_LINES="100")
    output = "".join(f"l{n}\n" for n in range(200))
    lines = view.at(1001.0, vertex("RUN"), log("RUN", output))
    assert lines[2:] == [f" => => # l{n}" for n in range(183, 200)]
    view.size = (100, 15)
    lines = view.at(1002.0)
    assert lines[2:] == [f" => => # l{n}" for n in range(192, 200)]


def test_a_window_stays_with_its_step_when_others_say_a_little_more() -> None:
    view = View(rows=14)
    view.at(1000.0, vertex("a"), vertex("b"), log("a", "x" * 50 + "\n"))
    owners = []
    for number in range(60):
        lines = view.at(1001.0 + number, log("b", "y" * 60 + "\n"), log("a", "x" * 40 + "\n"))
        owners.append(lines[[" # " in line for line in lines].index(True) - 1].split()[1])
    changes = sum(one != other for one, other in itertools.pairwise(owners))
    assert changes <= 1


def test_the_busiest_steps_get_the_windows_that_fit() -> None:
    view = View(rows=24)
    names = [f"RUN {n}" for n in range(4)]
    logs = [log(name, "x" * 10 * (n + 1) + "\n") for n, name in enumerate(names)]
    lines = view.at(1001.0, *(vertex(name) for name in names), *logs)
    shown = [lines[i - 1].split()[2] for i, line in enumerate(lines) if " # " in line]
    assert shown == ["3"] or shown == ["2", "3"]


def test_a_frame_never_leaves_the_screen() -> None:
    view = View(rows=12)
    for number in range(50):
        view.at(1000.0 + number, vertex(f"step {number}", end=1000.0 + number))
        assert len(view.screen.rows) <= 12
    lines = view.at(1051.0, vertex("running", 1050.0))
    assert any("step 49" in line for line in lines)
    assert any("running" in line for line in lines)
    assert not any("step 1 " in line for line in lines)


def test_running_steps_are_kept_in_view_above_later_finished_ones() -> None:
    view = View(rows=12)
    view.at(1000.0, vertex("early and slow"))
    for number in range(30):
        lines = view.at(1001.0 + number, vertex(f"step {number}", 1000.5, 1001.0 + number))
    assert any("early and slow" in line for line in lines)
    assert any("step 29" in line for line in lines)


def test_the_last_frame_shows_every_step() -> None:
    view = View(rows=12)
    for number in range(30):
        view.at(1000.0, vertex(f"step {number}", end=1000.0))
    assert sum("step" in line for line in view.done()) == 30


@pytest.mark.parametrize("columns", [1, 5, 12, 19, 24, 30, 40, 79])
def test_no_line_is_wider_than_the_screen(columns: int) -> None:
    view = View(columns=columns)  # the screen refuses to be written past its edge
    view.at(
        1000.0,
        vertex("a step with quite a long name that must be cut somewhere"),
        StatusEvent("a step", "x" * 80, "", 1, 2, 1000.0, 1000.0, None),
        log("a step with quite a long name that must be cut somewhere", "y" * 300),
    )
    view.done(12345.0)


def test_wide_characters_count_as_two() -> None:
    view = View(columns=40)
    lines = view.at(1000.0, vertex("構築" * 30))
    assert lines[1].endswith("0.0s")
    assert len(lines[1]) + lines[1].count("構") + lines[1].count("築") == 39


def test_names_and_logs_cannot_move_the_cursor_or_recolour() -> None:
    view = View()
    name = "RUN \x1b[2Jevil\ttab\nline"
    view.at(1000.5, vertex(name), log(name, "\x1b[31mred\x1b[0m\x1b[5A\x1b]0;title\x07ok\n"))
    lines = view.screen.text
    assert lines[1].startswith(" => RUN  [2Jevil tab line")
    assert lines[2] == " => => # redok"


def test_after_the_terminal_became_narrower_nothing_of_the_old_frame_is_left() -> None:
    view = View(columns=100)
    view.at(1000.0, vertex("first"), vertex("second"))
    folded = Screen(50)  # as terminals fold: each line of 99 or 100 cells is two now
    folded.rows = ["$ build"] + ["x" * 50] * 6 + [""]
    folded.row = 7
    view.screen, view.size = folded, (50, 40)
    lines = view.at(1001.0)
    assert lines[0] == "$ build"
    assert lines[1].startswith("[+] Building")
    assert len(lines) == 4


def test_the_cursor_is_visible_between_frames_and_at_the_end() -> None:
    view = View()
    view.at(1000.0, vertex("a"))
    assert view.screen.cursor_visible
    assert view.out.count(b"\x1b[?25l") == 1
    view.done()
    assert view.screen.cursor_visible


def test_all_logs_of_a_failed_step_follow_the_last_frame() -> None:
    view = View(rows=12)
    lines = "".join(f"line {n}\n" for n in range(40))
    view.at(1000.5, vertex("RUN"), log("RUN", lines))
    view.at(1001.0, vertex("RUN", end=1001.0, error="exit code: 1"))
    text = view.done()
    start = text.index("------")
    assert text[start + 1] == " > RUN:"
    assert text[start + 2 : -1] == [f"0.500 line {n}" for n in range(40)]
    assert text[-1] == "------"


def test_the_log_of_a_failed_step_keeps_its_colours_and_nothing_else() -> None:
    view = View()
    hostile = "\x1b[5A\x1b[2Kup\x1b]0;title\x07 \x1b[31mred\x1b[1mbold \u202ereversed\u009b2J\n"
    view.at(1000.5, vertex("RUN"), log("RUN", hostile))
    view.at(1000.6, log("RUN", "\r 1%\r 50%\r100%\r\x1b[K\nplain\ttab\r\n"))
    view.at(1001.0, vertex("RUN", end=1001.0, error="exit code: 1"))
    del view.out[:]
    view.done()
    said = view.out.decode().partition("------\n > RUN:\n")[2]
    assert said == (
        "0.500 up \x1b[31mred\x1b[1mbold  reversed 2J\x1b[0m\n"
        "0.500 100%\n0.500 plain\ttab\n------\n"
    )


def test_without_colours_the_log_of_a_failed_step_has_none() -> None:
    view = View(NO_COLOR="1")
    view.at(1000.5, vertex("RUN"), log("RUN", "\x1b[31mred\x1b[0m\n"))
    view.at(1001.0, vertex("RUN", end=1001.0, error="exit code: 1"))
    view.done()
    assert b"0.500 red\n" in view.out


def test_a_screen_that_becomes_lower_is_not_scrolled_away() -> None:
    view = View(columns=60, rows=30)
    for number in range(20):
        view.at(1000.0, vertex(f"step {number}", end=1000.0))
    view.size = (60, 10)
    before = len(view.screen.rows)
    lines = view.at(1001.0)
    assert len(view.screen.rows) <= before
    assert lines[0].startswith("[+] Building")
    assert len(lines) == 9


def test_a_source_that_ran_twice_shows_the_sum_of_its_times() -> None:
    view = View()
    lines = view.at(1009.0, vertex("x", 1000.0, 1001.0), vertex("x", 1005.0, 1007.0))
    assert lines[1].endswith(" 3.0s")


def test_a_clock_of_another_machine_is_allowed_for() -> None:
    view = View()
    view.at(1000.0, vertex("x", 500.0))
    lines = view.at(1002.0)
    assert lines[0].startswith("[+] Building 2.0s")
    assert lines[1].endswith(" 2.0s")


def test_the_description_stands_at_the_right_end() -> None:
    screen = Screen(60)
    display = TTYDisplay(
        screen.write, lambda: (60, 20), {}, lambda: 1000.0, phase="Pushing", description="docker:x"
    )
    display.update([vertex("x")])
    display.refresh()
    assert screen.text[0] == "[+] Pushing 0.0s (0/1)".ljust(51) + "docker:x"
