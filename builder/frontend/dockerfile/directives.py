"""Parser directives: ``# syntax=``, ``# escape=``, ``# check=`` at the very top of a file."""

from __future__ import annotations

import json
import re

from msgspec import Struct

from builder.events import SourceRange
from builder.frontend.dockerfile.errors import ParseError
from builder.frontend.dockerfile.lexical import BLANKS

_DIRECTIVE = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*")
_KNOWN = frozenset({"syntax", "escape", "check"})


class Directive(Struct, frozen=True):
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
        directive = read_directive(line[len(prefix) :])
        if directive is None:
            self._done = True
            return False
        name, value = directive
        ranges = (SourceRange(number - 1, number - 1),)  # as BuildKit counts here
        if any(known.name == name for known in self.found):
            raise ParseError(f"only one {name} parser directive can be used", ranges=ranges)
        if name == "escape":
            if value not in ("\\", "`"):
                raise ParseError(
                    f"invalid escape token '{value}' does not match ` or \\", ranges=ranges
                )
            self.escape = value
        self.found.append(Directive(name, value, number))
        return True

    def stop(self) -> None:
        """An instruction came: no directives from here on."""
        self._done = True


def read_directive(comment: str) -> tuple[str, str] | None:
    """(name in lower case, value) of ``name=value``; None for any other comment."""
    match = _DIRECTIVE.fullmatch(comment.lstrip(BLANKS))
    if match is None or match[1].lower() not in _KNOWN:
        return None
    return match[1].lower(), match[2]


def detect_check(source: bytes) -> str:
    """What ``# check=`` at the top of the file says, up to the first space."""
    found = _named("check", *_without_shebang(source), prefix="#")
    return found.value.partition(" ")[0] if found is not None else ""


def detect_syntax(source: bytes) -> Directive | None:
    """The ``syntax`` directive, also as ``//syntax=``, as JSON, after a BOM or a ``#!`` line.

    The frontend image is the first word of the value.
    """
    text, first = _without_shebang(source)
    for prefix in ("#", "//"):
        found = _named("syntax", text, first, prefix)
        if found is not None:
            return found
    return _json_syntax(text, first)


def _without_shebang(source: bytes) -> tuple[str, int]:
    """(the text after a BOM and a ``#!`` line, the number of its first line)."""
    text = source.decode(errors="surrogateescape").removeprefix("\ufeff")
    return (text.partition("\n")[2], 2) if text.startswith("#!") else (text, 1)


def _named(name: str, text: str, first: int, prefix: str) -> Directive | None:
    scanner = DirectiveScanner()
    try:
        for number, line in enumerate(text.split("\n"), first):
            if not scanner.take(line.rstrip("\r"), number, prefix):
                break
    except ParseError:
        # Those before the faulty one count here; the parser refuses the file.
        pass
    return next((found for found in scanner.found if found.name == name), None)


def _json_syntax(text: str, line: int) -> Directive | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    syntax = value.get("syntax")
    return Directive("syntax", syntax, line) if isinstance(syntax, str) else None
