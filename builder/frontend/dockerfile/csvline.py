"""One line of comma-separated values, as the options of RUN are written."""

from __future__ import annotations

from builder.frontend.dockerfile.errors import ParseError


def fields(line: str, what: str) -> list[str]:
    """The fields of ``line``; one may be quoted as a whole, with ``""`` for a quote.

    Raises ParseError, which says ``what`` the values are, in the words of Go's encoding/csv.
    """
    line = _without_newline(line)
    if not line:
        raise ParseError(f"failed to parse csv {what}: EOF")
    found: list[str] = []
    position = 0
    while True:
        if line.startswith('"', position):
            field, position = _quoted(line, position + 1, what)
        else:
            end = line.find(",", position)
            end = len(line) if end < 0 else end
            bare = line.find('"', position, end)
            if bare >= 0:
                raise _wrong(what, line, bare, 'bare " in non-quoted-field')
            field, position = line[position:end], end
        found.append(field)
        if position == len(line):
            return found
        position += 1


def _without_newline(line: str) -> str:
    if not line.endswith("\n"):
        return line
    return line[:-2] if line.endswith("\r\n") else line[:-1]


def _quoted(line: str, position: int, what: str) -> tuple[str, int]:
    """(the field whose text starts at ``position``, where its comma or the end is)."""
    parts = []
    while True:
        quote = line.find('"', position)
        if quote < 0:
            raise _wrong(what, line, position, 'extraneous or missing " in quoted-field')
        parts.append(line[position:quote])
        position = quote + 1
        if line.startswith('"', position):
            parts.append('"')
            position += 1
        elif position == len(line) or line[position] == ",":
            return "".join(parts), position
        else:
            raise _wrong(what, line, quote, 'extraneous or missing " in quoted-field')


def _wrong(what: str, line: str, position: int, why: str) -> ParseError:
    column = len(line[:position].encode(errors="surrogateescape")) + 1
    return ParseError(f"failed to parse csv {what}: parse error on line 1, column {column}: {why}")
