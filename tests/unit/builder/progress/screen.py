"""A terminal just large enough to see what the live view leaves on it."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])|\r|\n|[^\x1b\r\n]+")


class Screen:
    """Rows of text that grow downwards; cursor movements that the view uses, no others."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.rows: list[str] = [""]
        self.row = self.column = 0
        self.cursor_visible = True
        self.highest = 0
        """The topmost row that the cursor went to since ``mark``."""

    def write(self, data: bytes) -> None:
        text = data.decode()
        end = 0
        for token in _TOKEN.finditer(text):
            assert token.start() == end, f"unknown sequence at {text[end : end + 10]!r}"
            end = token.end()
            self._apply(token)
        assert end == len(text)

    def _apply(self, token: re.Match[str]) -> None:
        if token.group() == "\n":
            self._move_to(self.row + 1)
            self.column = 0
        elif token.group() == "\r":
            self.column = 0
        elif token.group(3):
            self._control(token.group(1), token.group(2), token.group(3))
        else:
            text = token.group()
            assert self.column + len(text) <= self.columns, f"too wide: {text!r}"
            line = self.rows[self.row].ljust(self.column)
            self.rows[self.row] = line[: self.column] + text + line[self.column + len(text) :]
            self.column += len(text)

    def _control(self, private: str, number: str, final: str) -> None:
        if private:
            assert (number, final) in (("25", "l"), ("25", "h"))
            self.cursor_visible = final == "h"
        elif final == "A":
            assert self.row >= int(number), "the cursor went above the first line"
            self._move_to(self.row - int(number))
        elif final == "G":
            self.column = max(int(number) - 1, 0)
        elif final == "J":
            self.rows[self.row] = self.rows[self.row][: self.column]
            del self.rows[self.row + 1 :]
        else:
            assert final == "m", f"unknown control {final}"

    def _move_to(self, row: int) -> None:
        self.row = row
        while len(self.rows) <= row:
            self.rows.append("")

    @property
    def text(self) -> list[str]:
        """The lines, without blanks at their ends, and without empty lines at the end."""
        lines = [row.rstrip() for row in self.rows]
        while lines and not lines[-1]:
            lines.pop()
        return lines
