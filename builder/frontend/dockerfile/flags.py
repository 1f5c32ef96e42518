"""The ``--flags`` of an instruction."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

from builder.frontend.dockerfile.errors import ParseError
from builder.frontend.dockerfile.lexical import BLANKS, bytes_as_characters, characters_of_bytes
from builder.frontend.dockerfile.suggest import suggestion

_UNQUOTED = re.compile(rf"[^{BLANKS}'\"]++(?=[{BLANKS}]|\Z)")


class Kind(Enum):
    """What a flag takes: true or false, one value, or a value each time."""

    BOOL = "bool"
    STRING = "string"
    STRINGS = "strings"


class Flags:
    """Flags checked against what the instruction allows. Raises ParseError."""

    def __init__(self, given: tuple[str, ...], allowed: Mapping[str, Kind]) -> None:
        self._values: dict[str, list[str]] = {}
        for flag in given:
            name, equals, value = flag.removeprefix("--").partition("=")
            kind = allowed.get(name)
            if kind is None:
                near = suggestion(name, sorted(allowed), case_sensitive=True)
                raise ParseError(f"unknown flag: --{name}{near}")
            if name in self._values and kind is not Kind.STRINGS:
                raise ParseError(f"duplicate flag specified: --{name}")
            if not equals and kind is not Kind.BOOL:
                raise ParseError(f"missing a value on flag: --{name}")
            if kind is Kind.BOOL:
                value = _boolean(name, value, given=bool(equals))
            self._values.setdefault(name, []).append(value)

    def one(self, name: str, default: str = "") -> str:
        return self._values.get(name, [default])[0]

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(self._values.get(name, ()))

    def boolean(self, name: str) -> bool | None:
        """None where it was not given."""
        value = self._values.get(name)
        return None if value is None else value[0] == "true"


def _boolean(name: str, value: str, *, given: bool) -> str:
    if not given:
        return "true"
    if not value:
        raise ParseError(f"missing a value on flag: --{name}")
    if value.lower() not in ("true", "false"):
        raise ParseError(f"expecting boolean value for flag --{name}, not: {value}")
    return value.lower()


def split_flags(text: str, escape: str) -> tuple[tuple[str, ...], str]:
    """Leading ``--words`` with quotes and escapes taken out, and what follows them.

    BuildKit goes by bytes here: half a character may be a blank to it, and each byte of a flag
    becomes a character.
    """
    if not text.lstrip(BLANKS).startswith("--"):
        return (), text
    flags, rest = _flags_of(bytes_as_characters(text), escape)
    return flags, characters_of_bytes(rest)


def _flags_of(line: str, escape: str) -> tuple[tuple[str, ...], str]:
    flags: list[str] = []
    position, end = 0, len(line)
    while True:
        while position < end and line[position] in BLANKS:
            position += 1
        if not line.startswith("--", position):
            return tuple(flags), line[position:]
        plain = _UNQUOTED.match(line, position)
        if plain is not None and escape not in plain[0]:  # as most flags are
            flag, position = plain[0], plain.end()
        else:
            flag, position = _quoted_flag(line, position, escape)
        if flag == "--":
            return tuple(flags), line[position:]
        flags.append(flag)


def _quoted_flag(line: str, position: int, escape: str) -> tuple[str, int]:
    """The flag at ``position`` without its quotes and escapes, and where it ends."""
    end = len(line)
    word: list[str] = []
    quote = ""
    while position < end and (quote or line[position] not in BLANKS):
        char = line[position]
        position += 1
        if char == escape:
            word.append(line[position : position + 1])
            position += 1
        elif char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        else:
            word.append(char)
    return "".join(word), position
