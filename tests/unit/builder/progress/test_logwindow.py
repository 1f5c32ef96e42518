"""Six rows of terminal that follow what programs do to theirs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.progress.logwindow import LogWindow
from builder.progress.text import cells


def _window(*pieces: str, rows: int = 4, columns: int = 10) -> list[str]:
    window = LogWindow(rows, columns)
    for piece in pieces:
        window.write(piece.encode())
    return window.lines()


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a\nb\n", ["a", "b"]),
        ("1\n2\n3\n4\n", ["1", "2", "3", "4"]),
        ("1\n2\n3\n4\n\x1b[0m", ["1", "2", "3", "4"]),
        ("1\n2\n3\n4\n\n", ["2", "3", "4"]),
        ("1\n2\n3\n4\n5", ["2", "3", "4", "5"]),
        ("1\n2\n3\n4\n\x1b[2Anew", ["1", "2", "new", "4"]),
        ("1\n2\n3\n4\n\x1b[Hnew", ["new", "3", "4"]),
        ("1\n2\n3\n4444444444x", ["2", "3", "4444444444", "x"]),
        ("50%\r100%", ["100%"]),
        ("100%\r50%", ["50%%"]),
        ("100%\r\x1b[K50%", ["50%"]),
        ("abc\b\bX", ["aXc"]),
        ("a\tb", ["a       b"]),
        ("0123456789abc", ["0123456789", "abc"]),
        ("one\ntwo\x1b[1A\rONE", ["ONE", "two"]),
        ("one\x1b[2Jtwo", ["   two"]),
        ("a\nb\x1b[HX", ["X", "b"]),
        ("\x1b[1;31mred\x1b[0m", ["red"]),
        ("\x1b[?25lhidden\x1b[?25h", ["hidden"]),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", ["link"]),
        ("\x1b(Bplain\x1b7\x1b8", ["plain"]),
        ("日本語日本語", ["日本語日本", "語"]),
        ("e\u0301a", ["e\u0301a"]),
        ("bell\x07\x00", ["bell"]),
        ("abc\x1b[2DX\x1b[5GY", ["aXc Y"]),
    ],
)
def test_shows_what_a_terminal_would(written: str, shown: list[str]) -> None:
    assert _window(written) == shown


def test_sequences_and_characters_may_be_cut_anywhere() -> None:
    data = "x\x1b[1;31mré\x1b]0;title\x07d\x1b[0m 日\r\n".encode()
    for cut in range(len(data)):
        window = LogWindow(4, 20)
        window.write(data[:cut])
        window.write(data[cut:])
        assert window.lines() == ["xréd 日"]


def test_a_sequence_without_an_end_does_not_eat_memory() -> None:
    window = LogWindow(4, 20)
    for _ in range(100):
        window.write(b"\x1b]" + b"x" * 1000)
    window.write(b"\x07\nafter")
    assert window.lines()[-1] == "after"


def test_a_narrower_window_cuts_and_goes_on() -> None:
    window = LogWindow(3, 20)
    window.write(b"0123456789abcdef")
    window.resize(3, 8)
    window.write(b"next")
    assert window.lines() == ["01234567", "next"]


def test_a_lower_window_keeps_the_last_rows_and_a_higher_one_goes_on() -> None:
    window = LogWindow(4, 10)
    window.write(b"1\n2\n3\n4\n")
    window.resize(2, 10)
    assert window.lines() == ["3", "4"]
    window.write(b"5\n")
    assert window.lines() == ["4", "5"]
    window.resize(4, 10)
    window.write(b"6\n7\n")
    assert window.lines() == ["4", "5", "6", "7"]


def test_accents_without_end_do_not_make_a_frame_without_end() -> None:
    window = LogWindow(4, 10)
    window.write(b"e" + "\u0301".encode() * 100_000)
    assert len(window.lines()[0]) < 20


@given(
    st.lists(st.binary(max_size=60), max_size=8),
    st.integers(1, 6),
    st.integers(1, 30),
    st.integers(1, 30),
)
def test_nothing_gets_out_of_the_window(
    pieces: list[bytes], rows: int, columns: int, later: int
) -> None:
    window = LogWindow(rows, columns)
    for piece in pieces:
        window.write(piece)
        window.resize(rows, later)
        lines = window.lines()
        assert len(lines) <= rows
        for line in lines:
            assert "\x1b" not in line
            assert cells(line) <= max(columns, later) + 1


@given(st.text(alphabet="ab\n\r\b\t\x1b[]0123456789;ABCDEFGHJKm語", max_size=80))
def test_control_sequences_never_break_it(text: str) -> None:
    for line in _window(text, rows=3, columns=7):
        assert cells(line) <= 8
