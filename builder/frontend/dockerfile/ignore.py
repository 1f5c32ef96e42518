"""Ignore files: ``.dockerignore`` patterns and their matching.

The semantics are moby/patternmatcher's: the last matching pattern wins, ``!`` re-includes, a
pattern matches everything below what it names, ``*`` and ``?`` do not cross a slash, ``**``
does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from builder.frontend.dockerfile.errors import IgnorePatternError
from builder.frontend.dockerfile.lexical import BLANKS
from builder.frontend.dockerfile.paths import clean

_MAX_BACKTRACKING_STARS = 3
"""Up to here a backtracking regular expression is quick on any path; beyond, it may not be."""


def read_patterns(source: bytes) -> tuple[str, ...]:
    """The patterns of an ignore file, cleaned; comments and blank lines left out."""
    text = source.decode(errors="surrogateescape").removeprefix("\ufeff")
    patterns = []
    for line in text.split("\n"):
        if line.startswith("#") or not (pattern := line.strip(BLANKS)):
            continue
        inverted = pattern.startswith("!")
        if inverted:
            pattern = pattern[1:].strip(BLANKS)
        if pattern:
            pattern = clean(pattern)
            pattern = pattern[1:] if len(pattern) > 1 and pattern[0] == "/" else pattern
        patterns.append(f"!{pattern}" if inverted else pattern)
    return tuple(patterns)


@dataclass(frozen=True, slots=True)
class ParentMatch:
    """Which patterns matched the directory that is being walked. Opaque to callers."""

    matched: tuple[bool, ...]


class IgnoreMatcher:
    """Decides which paths of a context are left out.

    Paths are relative to the context's root, slash-separated. Raises IgnorePatternError for
    patterns that are none.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [_Pattern(p) for raw in patterns if (p := raw.strip(BLANKS))]
        self._exceptions = [p for p in self._patterns if p.exception]
        self._prefix_exceptions_only = not any(
            re.search(r"[*\[?^]", p.literal_head) for p in self._exceptions
        )

    def __bool__(self) -> bool:
        return bool(self._patterns)

    @property
    def has_exceptions(self) -> bool:
        """Whether any pattern re-includes."""
        return bool(self._exceptions)

    @property
    def ignores_root(self) -> bool:
        """Whether a pattern leaves out all that is in the root."""
        return any(p.text in ("*", "**", "**/*") and not p.exception for p in self._patterns)

    def matches(self, path: str) -> bool:
        """Whether ``path`` is ignored, by itself or with a directory above it."""
        path = clean(path)
        if path == ".":
            return False
        parts = path.split("/")
        heads = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
        ignored = False
        for pattern in self._patterns:
            if pattern.exception == ignored and any(map(pattern.match, heads)):
                ignored = not pattern.exception
        return ignored

    def root(self) -> ParentMatch:
        """What to hand to ``enter`` for the entries of the context's root."""
        return ParentMatch((False,) * len(self._patterns))

    def enter(self, path: str, parent: ParentMatch) -> tuple[bool, ParentMatch]:
        """As ``matches``, for a walk: what the parent matched is not asked again.

        Returns whether ``path`` is ignored, and what to hand on for its entries.
        """
        ignored = False
        matched = []
        for pattern, parent_matched in zip(self._patterns, parent.matched, strict=True):
            match = parent_matched or (pattern.exception == ignored and pattern.match(path))
            matched.append(match)
            if match:
                ignored = not pattern.exception
        return ignored, ParentMatch(tuple(matched))

    def may_skip(self, directory: str) -> bool:
        """Whether nothing below the ignored ``directory`` can be re-included.

        Where this is False, walk on, and keep the directory itself if an entry is kept.
        """
        if not self._exceptions:
            return True
        if not self._prefix_exceptions_only:
            return False
        return not any(p.literal_head.startswith(directory + "/") for p in self._exceptions)


_STAR, _ANY, _DEEP, _REST = "star", "any", "deep", "rest"


@dataclass(frozen=True, slots=True)
class _Class:
    """``[...]``: ranges of characters, or all but those."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool

    def contains(self, char: str) -> bool:
        return any(low <= char <= high for low, high in self.ranges) != self.negated

    @property
    def expression(self) -> str:
        ranges = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in self.ranges)
        return f"[{'^' if self.negated else ''}{ranges}]"


@dataclass(frozen=True, slots=True)
class _Literal:
    char: str


_Token = str | _Class | _Literal


class _Pattern:
    def __init__(self, text: str) -> None:
        text = clean(text)
        self.exception = text.startswith("!")
        if self.exception:
            text = text[1:]
            if not text:
                raise IgnorePatternError('illegal exclusion pattern: "!"')
        self.text = text
        tokens = _tokenize(text)
        self._suffix: str | None = None
        if tokens[:1] == [_DEEP] and all(isinstance(t, _Literal) for t in tokens[1:]):
            # ``**foo`` without a slash matches any end, not only a whole name.
            self._suffix = text[2:] if "\\" not in text else None
        stars = sum(token in (_STAR, _DEEP, _REST) for token in tokens)
        self._tokens = tokens
        self._regex = (
            re.compile("".join(map(_expression, tokens)))
            if stars <= _MAX_BACKTRACKING_STARS
            else None
        )

    @property
    def literal_head(self) -> str:
        """The pattern without a trailing ``/**``, with a slash, for prefix comparison."""
        return self.text.removesuffix("/**").removesuffix("/*") + "/"

    def match(self, path: str) -> bool:
        if self._suffix is not None:
            return path.endswith(self._suffix) or (
                self._suffix[:1] == "/" and path == self._suffix[1:]
            )
        if self._regex is not None:
            return self._regex.fullmatch(path) is not None
        return match_tokens(self._tokens, path)


def _tokenize(pattern: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "*":
            if pattern.startswith("*", position):
                position += 1 + pattern.startswith("/", position + 1)
                token = _DEEP if position < len(pattern) or len(tokens) == 0 else _REST
                if token == _DEEP and position >= len(pattern):
                    token = _REST
                if not (tokens and tokens[-1] == token):
                    tokens.append(token)
            else:
                tokens.append(_STAR)
        elif char == "?":
            tokens.append(_ANY)
        elif char == "[":
            found, position = _read_class(pattern, position)
            tokens.append(found)
        elif char == "\\":
            if position == len(pattern):
                raise IgnorePatternError(f"syntax error in pattern: {pattern}")
            tokens.append(_Literal(pattern[position]))
            position += 1
        else:
            tokens.append(_Literal(char))
    return tokens


def _read_class(pattern: str, position: int) -> tuple[_Class, int]:
    negated = pattern.startswith("^", position)
    position += negated
    ranges: list[tuple[str, str]] = []
    while not (ranges and pattern.startswith("]", position)):
        low, position = _class_character(pattern, position)
        high = low
        if pattern.startswith("-", position):
            high, position = _class_character(pattern, position + 1)
        if low > high:
            raise IgnorePatternError(f"syntax error in pattern: {pattern}")
        ranges.append((low, high))
    return _Class(tuple(ranges), negated), position + 1


def _class_character(pattern: str, position: int) -> tuple[str, int]:
    if pattern.startswith("\\", position):
        position += 1
    elif pattern[position : position + 1] in ("-", "]"):
        raise IgnorePatternError(f"syntax error in pattern: {pattern}")
    if position >= len(pattern):
        raise IgnorePatternError(f"syntax error in pattern: {pattern}")
    return pattern[position], position + 1


def _expression(token: _Token) -> str:
    if isinstance(token, _Literal):
        return re.escape(token.char)
    if isinstance(token, _Class):
        return token.expression
    return {_STAR: "[^/]*", _ANY: "[^/]", _DEEP: "(?:.*/)?", _REST: ".*"}[token]


def match_tokens(tokens: Sequence[_Token], path: str) -> bool:
    """Whether all of ``path`` matches, in time bounded by tokens times characters."""
    end = len(tokens)
    states = _closure({0}, tokens)
    for char in path:
        reached: set[int] = set()
        for state in states:
            index, inside = divmod(state, 2)
            if index == end:
                continue
            token = tokens[index]
            if inside or token == _DEEP:
                # Inside ``(.*/)?``: only a slash leads out.
                if char != "\n":
                    reached.add(2 * index + 1)
                if char == "/":
                    reached.add(2 * index + 2)
            elif token in (_STAR, _REST):
                if char != ("/" if token == _STAR else "\n"):
                    reached.add(state)
            elif token == _ANY:
                if char != "/":
                    reached.add(state + 2)
            elif isinstance(token, _Class):
                if token.contains(char):
                    reached.add(state + 2)
            elif isinstance(token, _Literal) and token.char == char:
                reached.add(state + 2)
        if not reached:
            return False
        states = _closure(reached, tokens)
    return 2 * end in states


def _closure(states: set[int], tokens: Sequence[_Token]) -> set[int]:
    """States are twice the token's number, plus one inside a ``**``; stars may be empty."""
    out: set[int] = set()
    for state in states:
        out.add(state)
        while state % 2 == 0 and state // 2 < len(tokens):
            if tokens[state // 2] not in (_STAR, _DEEP, _REST):
                break
            state += 2
            out.add(state)
    return out
