"""The last lines of a step's output as a terminal of a few rows would show them.

Programs redraw progress bars with carriage returns and cursor movements; a window of six
rows has to follow them, and must let nothing through that would move our own cursor.
"""

from __future__ import annotations

import codecs
import re

from builder.progress.escapes import SEQUENCE, UNFINISHED
from builder.progress.text import cells

_LONGEST_SEQUENCE = 4096
_TAB = 8
_MOST_ACCENTS = 8  # of one cell; else a step could make a frame as large as its log


class LogWindow:
    """``rows`` by ``columns`` cells. Colours are dropped."""

    def __init__(self, rows: int, columns: int) -> None:
        self._rows = max(rows, 1)
        self._columns = max(columns, 1)
        self._lines: list[list[str]] = [[] for _ in range(self._rows)]
        self._row = 0
        self._column = 0
        self._scroll = False
        """The last row is full: what is printed next moves the rows up. Until then all show."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self.written = 0
        """Bytes so far: how busy its step is."""
        self.shown = 0
        """Frames so far that showed it."""

    def write(self, data: bytes) -> None:
        """Takes output of the step, cut anywhere."""
        self.written += len(data)
        text = self._rest + self._decoder.decode(data)
        self._rest = ""
        cut = UNFINISHED.search(text)
        if cut is not None and len(cut.group()) < _LONGEST_SEQUENCE:
            self._rest = cut.group()
            text = text[: cut.start()]
        end = 0
        for sequence in SEQUENCE.finditer(text):
            self._print(text[end : sequence.start()])
            end = sequence.end()
            if sequence.group(2):
                self._control(sequence.group(1), sequence.group(2))
        self._print(text[end:])

    def resize(self, rows: int, columns: int) -> None:
        """Another size; what no longer fits is cut off, the oldest rows first."""
        self._columns = max(columns, 1)
        self._set_rows(max(rows, 1))
        for line in self._lines:
            del line[self._columns :]
        self._column = min(self._column, self._columns)

    def _set_rows(self, rows: int) -> None:
        used = max((n for n, line in enumerate(self._lines) if line), default=0)
        gone = max(max(used, self._row) + 1 - rows, 0)
        self._lines = self._lines[gone : gone + rows]
        self._lines.extend([] for _ in range(rows - len(self._lines)))
        self._row = max(self._row - gone, 0)
        if self._scroll and self._row + 1 < rows:
            self._scroll = False
            self._row += 1
        self._rows = rows

    def lines(self) -> list[str]:
        """The rows that are not blank, from the top."""
        return [text for line in self._lines if (text := "".join(line).rstrip())]

    def _print(self, text: str) -> None:
        for character in text:
            if character == "\n":
                self._line_feed()
            elif character == "\r":
                self._column = 0
            elif character == "\b":
                self._column = max(self._column - 1, 0)
            elif character == "\t":
                stop = (self._column // _TAB + 1) * _TAB
                self._column = min(stop, self._columns - 1)
            elif character.isprintable():
                self._put(character)

    def _put(self, character: str) -> None:
        width = cells(character)
        line = self._lines[self._row]
        if width == 0:  # an accent joins the cell before it
            if 0 < self._column <= len(line) and len(line[self._column - 1]) <= _MOST_ACCENTS:
                line[self._column - 1] += character
            return
        if self._column + width > self._columns:
            self._line_feed()
        self._catch_up()
        line = self._lines[self._row]
        line.extend(" " * (self._column + width - len(line)))
        line[self._column] = character
        if width == 2:
            line[self._column + 1 : self._column + 2] = [""]
        self._column += width

    def _line_feed(self) -> None:
        self._column = 0
        if self._row + 1 < self._rows:
            self._row += 1
        else:
            self._catch_up()
            self._scroll = True

    def _catch_up(self) -> None:
        """Moves the rows up where that is due."""
        if self._scroll:
            self._scroll = False
            self._lines.pop(0)
            self._lines.append([])

    def _control(self, parameters: str, final: str) -> None:
        if not re.fullmatch(r"[0-9;]*", parameters):
            return  # private modes: nothing that a window of text has
        numbers = [int(n[:4]) if n else 0 for n in parameters.split(";")]
        count = max(numbers[0], 1)
        if final == "A":
            self._row = max(self._row - count + self._scroll, 0)
            self._scroll = False
            return
        if final in "BCDEGHfKJ":
            self._catch_up()
        if final == "B":
            self._row = min(self._row + count, self._rows - 1)
        elif final == "C":
            self._column = min(self._column + count, self._columns - 1)
        elif final == "D":
            self._column = max(self._column - count, 0)
        elif final in "EF":
            self._control(parameters, "B" if final == "E" else "A")
            self._column = 0
        elif final == "G":
            self._column = min(count, self._columns) - 1
        elif final in "Hf":
            column = numbers[1] if len(numbers) > 1 else 1
            self._row = min(count, self._rows) - 1
            self._column = min(max(column, 1), self._columns) - 1
        elif final == "K":
            self._erase_line(numbers[0])
        elif final == "J":
            self._erase_window(numbers[0])

    def _erase_line(self, how: int) -> None:
        line = self._lines[self._row]
        if how == 0:
            del line[self._column :]
        elif how == 1:
            line[: self._column + 1] = [" "] * min(self._column + 1, len(line))
        else:
            line.clear()

    def _erase_window(self, how: int) -> None:
        self._erase_line(how)
        below, above = range(self._row + 1, self._rows), range(self._row)
        for row in below if how == 0 else above if how == 1 else range(self._rows):
            self._lines[row].clear()
