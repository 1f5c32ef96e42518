"""What a stream shows: whether colours, and how many columns of prose."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO

from regdoctor.render.text import WIDTH

# Narrower than this, the hanging indents leave no room for words.
_NARROWEST = 40


def colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether colours are wanted there: a terminal, and no ``NO_COLOR`` (no-color.org)."""
    return stream.isatty() and not environ.get("NO_COLOR")


def width(stream: TextIO) -> int:
    """Columns for prose: those of the terminal, within reason; the usual where it is none."""
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return WIDTH
    # 0: a terminal that does not know its size, as serial consoles.
    return min(WIDTH, max(_NARROWEST, columns or WIDTH))
