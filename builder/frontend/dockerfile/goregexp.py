"""The regular expressions that moby/patternmatcher makes of ignore patterns, as Go reads them.

It writes ``[...]`` and ``\\x`` of a pattern into the expression as they are, where they may mean
something else than in a file name: ``\\d`` is any digit, ``^`` a beginning, ``[*]`` a repetition.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from enum import Enum
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

_LAST = sys.maxunicode
_MAX_BACKTRACKING_STARS = 3
"""Up to here a backtracking regular expression is quick on any path; beyond, it may not be."""
_DIGITS = ((0x30, 0x39),)
_WORD = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE = ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20))
_PERL = {"d": _DIGITS, "s": _SPACE, "w": _WORD}
_POSIX = {
    "alnum": ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)),
    "alpha": ((0x41, 0x5A), (0x61, 0x7A)),
    "ascii": ((0x00, 0x7F),),
    "blank": ((0x09, 0x09), (0x20, 0x20)),
    "cntrl": ((0x00, 0x1F), (0x7F, 0x7F)),
    "digit": _DIGITS,
    "graph": ((0x21, 0x7E),),
    "lower": ((0x61, 0x7A),),
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": ((0x09, 0x0D), (0x20, 0x20)),
    "upper": ((0x41, 0x5A),),
    "word": _WORD,
    "xdigit": ((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)),
}
_CONTROLS = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_W = "[0-9A-Za-z_]"

_Ranges = tuple[tuple[int, int], ...]


class RegexpError(ValueError):
    """The text is no regular expression of Go's."""


class Place(Enum):
    """What must be true where the match stands."""

    BEGIN = "\\A"
    END = "\\Z"
    BOUNDARY = f"(?:(?<={_W})(?!{_W})|(?<!{_W})(?={_W}))"
    INSIDE = f"(?:(?<={_W})(?={_W})|(?<!{_W})(?!{_W}))"

    def holds(self, path: str, position: int) -> bool:
        """Whether it is true before the character at ``position``."""
        if self is Place.BEGIN:
            return position == 0
        if self is Place.END:
            return position == len(path)
        before = position > 0 and _is_word(path[position - 1])
        after = position < len(path) and _is_word(path[position])
        return (before != after) == (self is Place.BOUNDARY)


class Chars(Struct, frozen=True):
    """One character of ``ranges``, or of all others; ``often``: ``*`` for any number of them,
    ``?`` for one or none."""

    ranges: _Ranges
    negated: bool = False
    often: str = ""

    def contains(self, char: str) -> bool:
        code = ord(char)
        return any(low <= code <= high for low, high in self.ranges) != self.negated

    @property
    def expression(self) -> str:
        ranges = "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in self.ranges)
        return f"[{'^' if self.negated else ''}{ranges}]{self.often}"


class Directories(Struct, frozen=True):
    """``(.*/)?``: any number of directories."""

    expression = "(?:.*/)?"


Token = Chars | Place | Directories


_ANYTHING = Chars(((0, _LAST),), often="*")


class Regexp:
    """Looks for its alternatives in a path. Raises RegexpError where Go does not compile it."""

    def __init__(self, text: str) -> None:
        self.alternatives = [
            tokens if tokens[:1] == [Place.BEGIN] else [_ANYTHING, *tokens]
            for tokens in _Reading(text).alternatives()
        ]
        self.compiled: re.Pattern[str] | None = None
        if max(map(_stars, self.alternatives)) <= _MAX_BACKTRACKING_STARS:
            self.compiled = re.compile("|".join(map(_expression, self.alternatives)))

    def match(self, path: str) -> bool:
        """Whether a part of ``path`` matches."""
        if self.compiled is not None:
            return self.compiled.match(path) is not None
        return any(match_tokens(tokens, path) for tokens in self.alternatives)


def _stars(tokens: Sequence[Token]) -> int:
    return sum(
        isinstance(token, Directories) or (isinstance(token, Chars) and bool(token.often))
        for token in tokens
    )


def _expression(tokens: Sequence[Token]) -> str:
    return "".join(t.value if isinstance(t, Place) else t.expression for t in tokens)


class _Reading:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def _at(self, start: str) -> bool:
        return self._text.startswith(start, self._position)

    def _take(self, start: str) -> bool:
        found = self._at(start)
        if found:
            self._position += len(start)
        return found

    def _next(self) -> str:
        if self._position == len(self._text):
            raise RegexpError("it ends too early")
        self._position += 1
        return self._text[self._position - 1]

    def alternatives(self) -> list[list[Token]]:
        found: list[list[Token]] = [[]]
        while self._position < len(self._text):
            repetition = self._repetition()
            if self._take("|"):
                found.append([])
            elif repetition is not None:
                found[-1][-1:] = _repeated(found[-1][-1:], *repetition)
                self._refuse_repetition()
                if sum(map(len, found)) > _MOST_TOKENS:
                    raise RegexpError("too many repetitions")
            else:
                found[-1] += self._tokens()
        return found

    def _repetition(self) -> tuple[int, int | None] | None:
        """(least, most) of a ``{2,3}`` that is next, which is passed over."""
        match = _REPETITION.match(self._text, self._position)
        if match is None:
            return None
        self._position = match.end()
        least = int(match[1])
        most = least if match[2] is None else int(match[3]) if match[3] else None
        return least, most

    def _tokens(self) -> Iterator[Token]:
        if self._take("(.*/)?"):
            yield Directories()
            self._refuse_repetition()
        elif self._take(".*"):
            yield Chars(((10, 10),), negated=True, often="*")
        elif self._take("^"):
            yield Place.BEGIN
        elif self._take("$"):
            yield Place.END
        elif self._take("["):
            ranges, negated = self._class()
            if self._take("*"):
                self._refuse_repetition()
                yield Chars(ranges, negated, "*")
            else:
                yield Chars(ranges, negated)
        elif self._take("\\"):
            yield from self._escaped()
        else:
            code = ord(self._next())
            yield Chars(((code, code),))

    def _refuse_repetition(self) -> None:
        if self._repetition() is not None:
            raise RegexpError("a repetition of a repetition")

    def _escaped(self) -> Iterator[Token]:
        if self._take("Q"):
            literal, _, _ = self._text[self._position :].partition("\\E")
            self._position = min(self._position + len(literal) + 2, len(self._text))
            yield from (Chars(((ord(char), ord(char)),)) for char in literal)
        elif self._take("A"):
            yield Place.BEGIN
        elif self._take("z"):
            yield Place.END
        elif self._take("b"):
            yield Place.BOUNDARY
        elif self._take("B"):
            yield Place.INSIDE
        else:
            yield Chars(self._set() or self._one())

    def _set(self) -> _Ranges:
        """``\\d``, ``\\W``, ``\\pL`` ... after their backslash; nothing where it is none."""
        char = self._text[self._position : self._position + 1]
        if char in ("p", "P"):
            self._position += 1
            ranges = _category(self._next())
            return ranges if char == "p" else _others(ranges)
        ranges = _PERL.get(char.lower(), ())
        if not ranges:
            return ()
        self._position += 1
        return ranges if char.islower() else _others(ranges)

    def _one(self) -> _Ranges:
        code = self._code()
        return ((code, code),)

    def _code(self) -> int:
        """The character that an escape stands for, after its backslash."""
        char = self._next()
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char == "x":
            return self._digits(2, 2, 16)
        if char == "0" or (char in "1234567" and self._text[self._position :][:1] in _OCTAL):
            self._position -= 1
            return self._digits(1, 3, 8)
        if char < "\x80" and not char.isalnum():
            return ord(char)
        raise RegexpError(f"\\{char} means nothing")

    def _digits(self, least: int, most: int, base: int) -> int:
        kind = "0-7" if base == 8 else "0-9A-Fa-f"
        found = re.compile(f"[{kind}]{{{least},{most}}}").match(self._text, self._position)
        if found is None:
            raise RegexpError("no digits")
        self._position = found.end()
        return int(found[0], base)

    def _class(self) -> tuple[_Ranges, bool]:
        """What follows a bracket, up to and with the one that closes it."""
        negated = self._take("^")
        ranges: list[tuple[int, int]] = []
        while not (ranges and self._take("]")):
            ranges += self._named() or self._backslashed() or self._range()
        return tuple(ranges), negated

    def _named(self) -> _Ranges:
        """``[:alpha:]``, ``[:^alpha:]``."""
        if not self._at("[:"):
            return ()
        end = self._text.find(":]", self._position + 2)
        if end < 0:
            return ()
        name = self._text[self._position + 2 : end]
        ranges = _POSIX.get(name.removeprefix("^"))
        if ranges is None:
            raise RegexpError(f"no class is called {name}")
        self._position = end + 2
        return _others(ranges) if name.startswith("^") else ranges

    def _backslashed(self) -> _Ranges:
        if not self._take("\\"):
            return ()
        ranges = self._set()
        if not ranges:
            self._position -= 1
        return ranges

    def _range(self) -> _Ranges:
        low = high = self._class_character()
        if self._at("-") and self._text[self._position + 1 : self._position + 2] not in ("", "]"):
            self._position += 1
            high = self._class_character()
        if high < low:
            raise RegexpError("a range that ends before it begins")
        return ((low, high),)

    def _class_character(self) -> int:
        return self._code() if self._take("\\") else ord(self._next())


_OCTAL = frozenset("01234567")
_REPETITION = re.compile(r"\{(0|[1-9][0-9]*)(,(0|[1-9][0-9]*)?)?\}", re.ASCII)
_MOST = 1000
_MOST_TOKENS = 2_500
"""Where repetitions make them: each costs a step for each character of each path, and a few bytes
of an ignore file shall not cost minutes. Go takes more."""


def _repeated(last: Sequence[Token], least: int, most: int | None) -> list[Token]:
    """The ``last`` token, of which there is one or none, as often as it says."""
    if not last:
        raise RegexpError("nothing to repeat")
    if least > _MOST or (most is not None and not least <= most <= _MOST):
        raise RegexpError("too many")
    token = last[0]
    if not isinstance(token, Chars):
        return [token] if least else []
    if most is None:
        return [*[token] * least, replace(token, often="*")]
    return [*[token] * least, *[replace(token, often="?")] * (most - least)]


def _others(ranges: _Ranges) -> _Ranges:
    """All characters but those of sorted ``ranges``."""
    out, start = [], 0
    for low, high in ranges:
        if start < low:
            out.append((start, low - 1))
        start = high + 1
    return (*out, (start, _LAST)) if start <= _LAST else tuple(out)


@lru_cache(maxsize=16)
def _category(letter: str) -> _Ranges:
    """All characters of a general category."""
    if letter not in "CLMNPSZ":
        raise RegexpError(f"no category is called {letter}")
    codes = [code for code in range(_LAST + 1) if unicodedata.category(chr(code))[0] == letter]
    out: list[tuple[int, int]] = []
    for code in codes:
        if out and out[-1][1] == code - 1:
            out[-1] = (out[-1][0], code)
        else:
            out.append((code, code))
    return tuple(out)


def _is_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


def match_tokens(tokens: Sequence[Token], path: str) -> bool:
    """As ``Regexp.match``, in time bounded by tokens times characters."""
    end = 2 * len(tokens)
    states = _closure({0}, tokens, path, 0)
    for position, char in enumerate(path):
        if end in states or not states:
            break
        reached: set[int] = set()
        for state in states:
            index, inside = divmod(state, 2)
            token = tokens[index]
            if isinstance(token, Directories):
                # Inside of it only a slash leads out.
                if char != "\n":
                    reached.add(2 * index + 1)
                if char == "/":
                    reached.add(2 * index + 2)
            elif isinstance(token, Chars) and not inside and token.contains(char):
                reached.add(state if token.often == "*" else state + 2)
        states = _closure(reached, tokens, path, position + 1)
    return end in states


def _closure(states: set[int], tokens: Sequence[Token], path: str, position: int) -> set[int]:
    """States are twice the token's number, plus one inside of directories; what may be empty is
    passed over, and so is a place where it is true."""
    out: set[int] = set()
    for state in states:
        # One that is there already has been followed to its end.
        while state not in out:
            out.add(state)
            if state % 2 or state // 2 == len(tokens):
                break
            token = tokens[state // 2]
            if isinstance(token, Place):
                if not token.holds(path, position):
                    break
            elif isinstance(token, Chars) and not token.often:
                break
            state += 2
    return out
