"""Plain output, against logs that BuildKit printed and against its rules."""

from __future__ import annotations

import pytest

from builder.events import Event, LogEvent, StatusEvent, VertexEvent, WarningEvent
from builder.progress.plain import PlainDisplay
from builder.progress.report import warnings_summary
from tests.unit.builder.progress import recorded


class View:
    """A plain display with a clock that the test turns."""

    def __init__(self, **environ: str) -> None:
        self.now = 1000.0
        self.out = bytearray()
        self.display = PlainDisplay(self.out.extend, environ, lambda: self.now)

    def show(self, *events: Event) -> str:
        """Takes events in, and returns what was printed for them."""
        printed = len(self.out)
        self.display.update(events)
        self.display.refresh()
        return self.out[printed:].decode(errors="replace")

    def done(self) -> str:
        printed = len(self.out)
        self.display.done()
        return self.out[printed:].decode()


def vertex(name: str, start: float = 1000.0, end: float | None = None, **more: object) -> Event:
    return VertexEvent(name, f"step {name}", (), start, end, **more)  # type: ignore[arg-type]


def log(name: str, data: str, at: float = 1000.5) -> Event:
    return LogEvent(name, 1, data.encode(), at)


@pytest.mark.parametrize("name", ["cached", "cold", "fail", "missing", "notfound", "parse", "warn"])
def test_prints_what_buildkit_printed(name: str) -> None:
    expected = recorded.plain(name)
    view = View()
    for batch in recorded.events_of(expected):
        view.show(*batch)
    view.display.refresh()
    assert view.out.decode() == expected


@pytest.mark.parametrize("name", ["fail", "missing", "notfound"])
def test_ends_with_the_failed_step_as_buildkit_does(name: str) -> None:
    view = View()
    for batch in recorded.events_of(recorded.plain(name)):
        view.show(*batch)
    excerpt = view.done()
    assert recorded.after(name).startswith(excerpt)
    assert excerpt.count("------\n") == 2


def test_a_recorded_stream_prints_every_step_once_finished() -> None:
    view = View()
    for batch in recorded.stream():
        view.show(*batch)
    text = view.out.decode()
    assert "#6 0.137 one\n#6 0.443 two\n#6 DONE 0.5s\n" in text
    assert "[b 2/2] RUN sleep 0.5; echo err >&2\n" in text
    assert [f" line {n}\n" in text for n in range(1, 31)] == [True] * 30
    assert text.count("CACHED\n") == 1
    assert not text.endswith("...\n")
    assert view.done() == ""


def test_a_headline_is_number_zero() -> None:
    out = bytearray()
    display = PlainDisplay(out.extend, {}, lambda: 0.0, 'building with "x"')
    display.update([vertex("a", end=1001.0)])
    display.refresh()
    assert out.decode() == '#0 building with "x"\n\n#1 step a\n#1 DONE 1.0s\n'


def test_a_blank_line_stands_before_every_new_header_but_the_first() -> None:
    view = View()
    assert view.show(vertex("a", end=1001.5)) == "#1 step a\n#1 DONE 1.5s\n"
    assert view.show(vertex("b", end=1000.0)) == "\n#2 step b\n#2 DONE 0.0s\n"


def test_numbers_are_given_in_the_order_of_printing_and_kept() -> None:
    view = View()
    view.show(vertex("slow"), vertex("fast"), vertex("fast", end=1001.0))
    assert view.out.startswith(b"#1 step fast\n")
    text = view.show(vertex("slow", end=1002.0)) + view.show(vertex("fast", 1003.0, 1003.0))
    assert "#2 step slow\n" not in text, "its header was printed when it got the floor"
    assert "#2 DONE 2.0s\n" in text
    assert "#1 step fast\n" in text


def test_completed_steps_are_printed_by_the_time_they_completed() -> None:
    view = View()
    text = view.show(vertex("b", end=1003.0), vertex("a", end=1002.0))
    assert text.index("step a") < text.index("step b")


def test_the_step_with_the_floor_keeps_it_for_five_seconds() -> None:
    view = View()
    view.show(vertex("a"))
    view.show(vertex("b"), log("a", "1\n"))
    for second in range(1, 5):
        view.now = 1000.0 + second
        assert view.show(log("b", f"{second}\n")) == ""


def test_a_busier_step_takes_the_floor_and_the_first_is_left_with_dots() -> None:
    view = View()
    view.show(vertex("a"))
    view.show(vertex("b"))
    view.now = 1009.0
    text = view.show(*(log("b", f"{n}\n") for n in range(100)))
    assert text.startswith("#1 ...\n\n#2 step b\n#2 0.500 0\n")
    assert view.show(vertex("a", end=1012.0)).startswith("#2 ...\n\n#1 step a\n#1 DONE 12.0s\n")


def test_the_busier_the_step_with_the_floor_the_longer_it_keeps_it() -> None:
    """5 s divided by the share of the others: two fifths of the news are good for 8.3 s."""
    view = View()
    view.show(vertex("a"), *(log("a", f"{n}\n") for n in range(39)))
    view.show(vertex("b"))
    view.now = 1006.0
    assert view.show(*(log("b", f"{n}\n") for n in range(59))) == ""
    view.now = 1008.6
    assert view.show(log("b", "one more\n")).startswith("#1 ...\n\n#2 step b\n")


def test_a_step_hidden_for_ten_seconds_is_shown() -> None:
    view = View()
    view.show(vertex("a"))
    view.show(vertex("b"))
    view.now = 1010.5
    assert "#2 step b\n" in view.show(log("a", "busy\n"))


def test_a_log_line_cut_in_two_is_one_line() -> None:
    view = View()
    assert view.show(vertex("a"), log("a", "half ")) == "#1 step a\n#1 0.500 half "
    assert view.show(log("a", "done\nnext\n", 1001.0)) == "done\n#1 1.000 next\n"


def test_an_unfinished_log_line_is_ended_before_anything_else() -> None:
    view = View()
    view.show(vertex("a"), log("a", "no newline"))
    assert view.show(vertex("a", end=1001.0)) == "\n#1 DONE 1.0s\n"
    view.show(vertex("b"), log("b", "half"))
    text = view.show(WarningEvent("b", "careful"), log("b", " whole\n"))
    assert text == "\n#2 WARN: careful\n#2 0.500 half whole\n"


@pytest.mark.parametrize(
    ("seconds", "printed"), [(0.0, "0.000"), (9.9994, "9.999"), (10.0, "10.00"), (123.45, "123.5")]
)
def test_times_of_log_lines_have_about_four_digits(seconds: float, printed: str) -> None:
    view = View()
    text = view.show(vertex("a"), log("a", "x\n", 1000.0 + seconds))
    assert f"#1 {printed} x\n" in text


def _transfer(current: int, at: float, total: int = 1000, done: bool = False) -> Event:
    return StatusEvent("a", "blob", "", current, total, at, 1000.0, at if done else None)


def test_a_status_is_repeated_after_five_percent_or_five_seconds_or_at_its_end() -> None:
    view = View()
    assert view.show(vertex("a"), _transfer(0, 1000.0)).endswith("#1 blob 0B / 1.00kB\n")
    assert view.show(_transfer(49, 1001.0)) == ""
    assert view.show(_transfer(50, 1001.0)) == "#1 blob 50B / 1.00kB 1.0s\n"
    assert view.show(_transfer(60, 1005.9)) == ""
    assert view.show(_transfer(60, 1006.1)) == "#1 blob 60B / 1.00kB 6.1s\n"
    assert view.show(_transfer(61, 1006.2, done=True)) == "#1 blob 61B / 1.00kB 6.2s done\n"


def test_cancelled_and_failed_steps_say_so_and_only_failures_are_excerpted() -> None:
    view = View()
    text = view.show(
        vertex("a", end=1001.0, error="context canceled"),
        vertex("b", end=1002.0, error="exit code: 1"),
    )
    assert "#1 CANCELED\n" in text
    assert "#2 ERROR: exit code: 1\n" in text
    assert view.done() == "------\n > step b:\n------\n"


def test_the_excerpt_has_the_last_ten_lines_and_an_unfinished_one() -> None:
    view = View()
    view.show(vertex("a"), *(log("a", f"line {n}\n") for n in range(20)))
    view.show(log("a", "last"), vertex("a", end=1001.0, error="broken"))
    lines = view.done().splitlines()
    assert lines[2:-1] == [f"0.500 line {n}" for n in range(11, 20)] + ["0.500 last"]


def test_a_long_name_is_cut_only_when_asked() -> None:
    long = VertexEvent("a", "x" * 100, (), 1000.0, 1000.0)
    assert View().show(long).startswith("#1 " + "x" * 100 + "\n")
    assert View(PROGRESS_NO_TRUNC="0").show(long).startswith("#1 " + "x" * 72 + "...\n")


def test_closing_prints_what_was_held_back() -> None:
    view = View()
    view.show(vertex("a"))
    view.show(vertex("b"), log("b", "hidden\n"))
    assert "hidden" in view.done()


def test_output_that_is_not_text_arrives_unchanged() -> None:
    view = View()
    view.show(vertex("a"), LogEvent("a", 1, b"\xff\x00\xfe\n", 1000.0))
    assert b"#1 0.000 \xff\x00\xfe\n" in view.out


def test_only_the_output_of_steps_moves_the_cursor() -> None:
    evil = "\x1b[2J\x9b1A\u202e\r\n>9 DONE\t|"
    view = View()
    shown = view.show(
        VertexEvent("v", evil, (), 1000.0, None),
        StatusEvent("v", evil, timestamp=1000.0, started=1000.0),
        WarningEvent("v", evil),
        log("v", "\x1b[31mred\n"),
        VertexEvent("v", evil, (), 1000.0, 1001.0, error=evil),
    )
    shown += view.done() + warnings_summary([WarningEvent("v", evil)])
    assert shown.count("\x1b") == 1 + 1  # the step's own line, there and in the excerpt
    assert "\x1b[31mred" in shown
    for character in "\x9b\r\u202e":
        assert character not in shown
    assert "\n>9" not in shown
    assert ">9 DONE\t|" in shown
