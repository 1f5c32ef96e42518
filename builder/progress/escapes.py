"""Escape sequences in the output of steps: which there are, and what is let through."""

from __future__ import annotations

import re

from builder.progress.colors import RESET
from builder.progress.text import harmless

SEQUENCE = re.compile(
    r"\x1b\[([0-9;:?<=>]*)[ -/]*([@-~])"  # CSI
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC: titles, links
    r"|\x1b[PX^_][^\x1b]*\x1b\\"  # strings
    r"|\x1b[ -/]*[0-~]"
)
"""One whole sequence. Groups: the parameters and the final letter of a CSI."""

UNFINISHED = re.compile(
    r"\x1b(?:\[[0-9;:?<=>]*[ -/]*|\][^\x07\x1b]*\x1b?|[PX^_][^\x1b]*\x1b?|[ -/]*)?\Z"
)
"""A sequence that the text ends in the middle of."""

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")


def shown_line(line: bytes, *, colour: bool) -> bytes:
    """A line of a log, ``SECONDS TEXT``, fit to be printed on a terminal as it stands.

    Of a text that was drawn over and over (a progress bar) the last is left. Colours stay
    where ``colour`` says so and end with the line; all else that moves the cursor, sets a
    title, reorders or rings goes.
    """
    if line.isascii() and line.decode("ascii").isprintable():
        return line
    stamp, _, text = line.decode("utf-8", "replace").partition(" ")
    drawn = [_filtered(part, colour) for part in text.split("\r")]
    last = next((part for part in reversed(drawn) if SEQUENCE.sub("", part).strip()), "")
    if "\x1b" in last:
        last += RESET
    return f"{stamp} {last}".encode("utf-8", "replace")


def _filtered(text: str, colour: bool) -> str:
    kept, end = [], 0
    for sequence in SEQUENCE.finditer(text):
        kept.append(harmless(text[end : sequence.start()]))
        end = sequence.end()
        if colour and _COLOUR.fullmatch(sequence.group()):
            kept.append(sequence.group())
    kept.append(harmless(text[end:]))
    return "".join(kept)
