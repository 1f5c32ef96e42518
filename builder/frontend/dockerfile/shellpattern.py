"""The patterns of ``${x#p}``, ``${x%p}`` and ``${x/p/r}``: ``*``, ``?`` and ``\\`` only.

Matching keeps a set of positions instead of backtracking, so its cost is bounded by pattern
times value whatever the pattern is. Neither wildcard matches a newline, as in Go's regexp.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from builder.frontend.dockerfile.errors import ShellWordError

_REFERENCE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")
_STAR, _ANY = object(), object()


class Pattern:
    """A parsed pattern. Raises ShellWordError for an escape of anything but a wildcard."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)

    def prefix_length(self, value: str, *, longest: bool) -> int:
        """How much of the start of ``value`` matches; 0 where nothing does."""
        lengths = _match_lengths(self._tokens, value)
        return max(lengths, default=0) if longest else min(lengths, default=0)

    def replace(self, value: str, replacement: str, *, everywhere: bool) -> str:
        """The leftmost longest match replaced, or all that do not overlap.

        For all of them the replacement is a template of Go's ``regexp``: ``$0`` is the match, and
        other names are nothing.
        """
        template = _template(replacement) if everywhere else [replacement]
        out: list[str] = []
        position, copied, after_match = 0, 0, -1
        while position <= len(value):
            length = max(_match_lengths(self._tokens, value, position), default=None)
            if length is None or (length == 0 and position == after_match):
                position += 1
                continue
            match = value[position : position + length]
            out.append(value[copied:position])
            out += [match if part is None else part for part in template]
            position = copied = after_match = position + length
            if not everywhere:
                break
            if length == 0:
                position += 1
        out.append(value[copied:])
        return "".join(out)


def reversed_pattern(text: str) -> str:
    """The pattern of the reversed strings; an escape stays before what it escapes."""
    return "".join(reversed(re.findall(r"\\.|.", text, re.DOTALL)))


def _template(text: str) -> list[str | None]:
    """The parts of a replacement; None stands for the match."""
    parts: list[str | None] = []
    position = 0
    for found in _REFERENCE.finditer(text):
        parts.append(text[position : found.start()])
        name = found[1] or found[2]
        parts.append("$" if name is None else None if name == "0" else "")
        position = found.end()
    parts.append(text[position:])
    return parts


def _tokens(text: str) -> list[object]:
    out: list[object] = []
    characters = iter(range(len(text)))
    for index in characters:
        char = text[index]
        if char == "*":
            if not out or out[-1] is not _STAR:
                out.append(_STAR)
        elif char == "?":
            out.append(_ANY)
        elif char == "\\":
            following = text[index + 1 : index + 2]
            if following in ("}", "/") and following:
                continue
            if following not in ("*", "?", "\\") or not following:
                raise ShellWordError(
                    f"invalid pattern ({text}) in substitution: "
                    f"invalid escape '\\{following or chr(0xFFFD)}'"
                )
            out.append(following)
            next(characters)
        else:
            out.append(char)
    return out


def _match_lengths(tokens: list[object], value: str, start: int = 0) -> Iterator[int]:
    """Every length at which ``tokens`` match ``value`` from ``start``, ascending."""
    end = len(tokens)
    states = _closure({0}, tokens)
    if end in states:
        yield 0
    for position in range(start, len(value)):
        char = value[position]
        reached: set[int] = set()
        for state in states:
            if state == end:
                continue
            token = tokens[state]
            if token is _STAR:
                if char != "\n":
                    reached.add(state)
            elif token == char or (token is _ANY and char != "\n"):
                reached.add(state + 1)
        if not reached:
            return
        states = _closure(reached, tokens)
        if end in states:
            yield position - start + 1


def _closure(states: Iterable[int], tokens: list[object]) -> set[int]:
    """``states`` and those that follow for free: a star may match nothing."""
    out: set[int] = set()
    for state in states:
        out.add(state)
        while state < len(tokens) and tokens[state] is _STAR:
            state += 1
            out.add(state)
    return out
