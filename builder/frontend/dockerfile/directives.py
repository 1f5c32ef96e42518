"""Parser directives: ``# syntax=``, ``# escape=``, ``# check=`` at the very top of a file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from builder.events import SourceRange
from builder.frontend.dockerfile.errors import ParseError
from builder.frontend.dockerfile.lexical import BLANKS

_DIRECTIVE = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_KNOWN = frozenset({"syntax", "escape", "check"})


@dataclass(frozen=True, slots=True)
class Directive:
    """``# name=value`` on ``line`` (1-based)."""

    name: str
    value: str
    line: int


class DirectiveScanner:
    """Takes the comment lines from the top of a file for as long as they are directives."""

    def __init__(self) -> None:
        self.found: list[Directive] = []
        self.escape = "\\"
        self._done = False

    def take(self, line: str, number: int, prefix: str = "#") -> bool:
        """Whether ``line`` is a directive. Raises ParseError for one given twice or wrong."""
        if self._done or not line.startswith(prefix):
            self._done = True
            return False
        match = _DIRECTIVE.fullmatch(line[len(prefix) :].lstrip(BLANKS))
        name = match[1].lower() if match else ""
        if match is None or name not in _KNOWN:
            self._done = True
            return False
        ranges = (SourceRange(number, number),)
        if any(known.name == name for known in self.found):
            raise ParseError(f"only one {name} parser directive can be used", ranges=ranges)
        if name == "escape":
            if match[2] not in ("\\", "`"):
                raise ParseError(
                    f"invalid escape token '{match[2]}' does not match ` or \\", ranges=ranges
                )
            self.escape = match[2]
        self.found.append(Directive(name, match[2], number))
        return True

    def stop(self) -> None:
        """An instruction came: no directives from here on."""
        self._done = True


def detect_syntax(source: bytes) -> Directive | None:
    """The ``syntax`` directive, also as ``//syntax=``, as JSON, after a BOM or a ``#!`` line.

    The frontend image is the first word of the value.
    """
    text = source.decode(errors="surrogateescape").removeprefix("\ufeff")
    first = 1
    if text.startswith("#!"):
        text, first = text.partition("\n")[2], 2
    for prefix in ("#", "//"):
        scanner = DirectiveScanner()
        try:
            for number, line in enumerate(text.split("\n"), first):
                if not scanner.take(line.rstrip("\r"), number, prefix):
                    break
        except ParseError:
            pass
        for directive in scanner.found:
            if directive.name == "syntax":
                return directive
    return _json_syntax(text, first)


def _json_syntax(text: str, line: int) -> Directive | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    syntax = value.get("syntax")
    return Directive("syntax", syntax, line) if isinstance(syntax, str) else None
