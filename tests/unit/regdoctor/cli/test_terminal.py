"""Prose is as wide as the terminal, and colours are for terminals that want them."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import termios
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TextIO

import pytest

from regdoctor.cli import terminal


@pytest.fixture
def screen() -> Iterator[TextIO]:
    ours, theirs = pty.openpty()
    with ExitStack() as stack:
        stack.callback(os.close, ours)
        yield stack.enter_context(os.fdopen(theirs, "w"))


def resize(screen: TextIO, columns: int) -> None:
    fcntl.ioctl(screen.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


@pytest.mark.parametrize(("columns", "used"), [(80, 80), (300, 100), (10, 40), (0, 100)])
def test_prose_is_as_wide_as_the_terminal_within_reason(
    screen: TextIO, columns: int, used: int
) -> None:
    resize(screen, columns)
    assert terminal.width(screen) == used


def test_what_is_no_terminal_gets_the_usual_width() -> None:
    with open(os.devnull, "w") as pipe:
        assert terminal.width(pipe) == 100
    assert terminal.width(io.StringIO()) == 100


def test_colours_are_for_terminals_without_no_color(screen: TextIO) -> None:
    assert terminal.colour(screen, {})
    assert not terminal.colour(screen, {"NO_COLOR": "1"})
    assert not terminal.colour(io.StringIO(), {})
