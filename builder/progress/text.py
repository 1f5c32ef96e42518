"""Sizes, times and widths as BuildKit prints them."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

_UNITS = ((10**15, "PB"), (10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def size(count: int) -> str:
    """``276B``, ``1.07MB``: decimal units, two digits from a kilobyte up."""
    for factor, unit in _UNITS:
        if abs(count) >= factor:
            return f"{count / factor:.2f}{unit}"
    return f"{count}B"


def amount(current: int, total: int) -> str:
    """How far a status is: ``1.07MB / 3.00MB``, ``276B``, or "" where nothing is known."""
    if total:
        return f"{size(current)} / {size(total)}"
    return size(current) if current else ""


def log_time(seconds: float) -> str:
    """The time before a log line: about four digits."""
    if seconds < 10:
        return f"{seconds:.3f}"
    return f"{seconds:.2f}" if seconds < 100 else f"{seconds:.1f}"


def rfc3339(seconds: float) -> str:
    """A time as Go's RFC3339Nano prints it in UTC, to the microsecond."""
    moment = _EPOCH + timedelta(microseconds=round(seconds * 1_000_000))
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".")
    return text + "Z"


def cells(text: str) -> int:
    """How many columns of a terminal ``text`` takes."""
    if text.isascii():
        return len(text)
    return sum(_cell(character) for character in text)


def _cell(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def clip(text: str, columns: int) -> str:
    """As much of ``text`` as fits in ``columns``."""
    if text.isascii():
        return text[: max(columns, 0)]
    used = 0
    for end, character in enumerate(text):
        used += _cell(character)
        if used > columns:
            return text[:end]
    return text


def printable(text: str) -> str:
    """One line of ``text``: what would move the cursor, recolour or reorder becomes a blank."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)


def harmless(text: str) -> str:
    """As ``printable``, with tabs and blanks of every width left: for text that is read again."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char == "\t" or unicodedata.category(char) == "Zs" else " "
        for char in text
    )


def align(left: str, right: str, columns: int) -> str:
    """``left`` and ``right`` at the two ends of ``columns``, one blank at least between."""
    return left + " " * max(columns - cells(left) - cells(right), 1) + right
