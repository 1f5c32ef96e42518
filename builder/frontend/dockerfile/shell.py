"""Shell words of a Dockerfile: quotes, escapes, ``$x`` and ``${x...}``, word splitting.

The language is BuildKit's ``frontend/dockerfile/shell``, not a POSIX shell: no globbing, no
command substitution, and in ``${x#pattern}`` only ``*``, ``?`` and ``\\``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from msgspec import Struct, field

from builder.frontend.dockerfile.errors import ShellWordError
from builder.frontend.dockerfile.lexical import BLANKS, scanned
from builder.frontend.dockerfile.shellpattern import Pattern, reversed_pattern
from builder.oci.goquote import go_quote

_MARKS = frozenset("$<'\"")
_PECULIAR = _MARKS.union(BLANKS)
"""What a word must have, or an escape, to be read as anything but itself."""
_BLANK_RUN = re.compile(f"[{BLANKS}]+")
_SPECIAL_PARAMETERS = frozenset("@*#?-$!0")
_HEREDOC_BLANKS = " \t\r"
_END = "\ufffd"
"""What the end of a word looks like where an operator is missing."""
_MODIFIERS = frozenset("+-?#%")
MAX_NESTING = 100
"""How deep ``${a:-${b:-...}}`` may nest; far beyond any real file, short of Python's stack."""

MAX_EXPANDED = 1 << 20
"""Most characters that the variables of a word may bring in; a process takes far fewer."""
_MOST_REPLACED = 64 * MAX_EXPANDED


class Expansion(Struct):
    """``text`` is the word expanded, ``words`` the same split at unquoted blanks.

    ``matched`` and ``unmatched`` are the variables asked for that were and were not set. With an
    ``error`` there is no text, and only the variables before it are told.
    """

    text: str = ""
    words: list[str] = field(default_factory=list)
    matched: set[str] = field(default_factory=set)
    unmatched: set[str] = field(default_factory=set)
    error: ShellWordError | None = None


class Lexer(Struct, frozen=True):
    """How words are read.

    ``raw_quotes`` and ``raw_escapes`` keep quotes and escapes in the result;
    ``skip_unset`` leaves references to unset variables as they stand; ``quotes`` False gives
    quotes no meaning.
    """

    escape: str = "\\"
    raw_quotes: bool = False
    raw_escapes: bool = False
    skip_unset: bool = False
    quotes: bool = True

    def expand(self, word: str, env: Mapping[str, str]) -> Expansion:
        """``word`` with its variables. Raises ShellWordError."""
        found = self.attempt(word, env)
        if found.error is not None:
            raise found.error
        return found

    def attempt(self, word: str, env: Mapping[str, str]) -> Expansion:
        """As ``expand``, with the error in the result."""
        text = scanned(word)
        if _PECULIAR.isdisjoint(text) and self.escape not in text:  # as most words are
            return Expansion(text, [text] if text else [])
        reader = _Reader(self, text, env)
        try:
            text, words = reader.until(None, self.raw_escapes)
        except ShellWordError as error:
            wrapped = ShellWordError(f"failed to process {go_quote(word)}: {error}")
            return Expansion("", [], reader.matched, reader.unmatched, wrapped)
        return Expansion(text, words, reader.matched, reader.unmatched)

    def word(self, word: str, env: Mapping[str, str]) -> str:
        """The expanded text alone."""
        if _MARKS.isdisjoint(word) and self.escape not in word:  # blanks end words, not the text
            return scanned(word)
        return self.expand(word, env).text

    def split(self, word: str, env: Mapping[str, str]) -> list[str]:
        """The expanded words alone."""
        return self.expand(word, env).words


class _Words:
    """Collects words: blanks that came unquoted end one.

    ``current`` is one for all substitutions within each other: what stands before a ``${x:-w}``
    in the same word is lost to its end, as in BuildKit.
    """

    def __init__(self, current: list[str]) -> None:
        current.clear()
        self._current = current
        self._words: list[str] = []

    def add(self, text: str) -> None:
        first, *others = _BLANK_RUN.split(text)
        self.add_raw(first)
        for part in others:
            if self._current:
                self._flush()
            self.add_raw(part)

    def add_raw(self, text: str) -> None:
        if text:
            self._current.append(text)

    def _flush(self) -> None:
        self._words.append("".join(self._current))
        self._current.clear()

    def finish(self) -> list[str]:
        if self._current:
            self._flush()
        return self._words


@cache
def _ordinary(marks: str) -> re.Pattern[str]:
    """What stands for itself: a run of anything but ``marks``."""
    return re.compile(f"[^{re.escape(marks)}]+")


class _Reader:
    def __init__(self, lexer: Lexer, text: str, env: Mapping[str, str]) -> None:
        self._lexer = lexer
        self._text = text
        self._position = 0
        self._env = env
        self._raw_escapes = lexer.raw_escapes
        self._depth = 0
        self._expanded = 0
        self._current_word: list[str] = []
        self.matched: set[str] = set()
        self.unmatched: set[str] = set()

    def _peek(self) -> str:
        """The next character, empty at the end."""
        return self._text[self._position : self._position + 1]

    def _next(self) -> str:
        char = self._peek()
        self._position += 1
        return char

    def _run(self, marks: str) -> str:
        """The characters up to the next of ``marks``."""
        match = _ordinary(marks).match(self._text, self._position)
        if match is None:
            return ""
        self._position = match.end()
        return match[0]

    def until(self, stop: str | None, raw_escapes: bool) -> tuple[str, list[str]]:
        """Text and words up to ``stop`` (consumed), or to the end for None."""
        outer, self._raw_escapes = self._raw_escapes, raw_escapes
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise ShellWordError(f"substitutions nested deeper than {MAX_NESTING}")
        try:
            return self._scan(stop)
        finally:
            self._depth -= 1
            self._raw_escapes = outer

    def _scan(self, stop: str | None) -> tuple[str, list[str]]:
        result: list[str] = []
        words = _Words(self._current_word)
        marks = f"$<'\"{self._lexer.escape}{stop or ''}"
        while True:
            if run := self._run(marks):
                result.append(run)
                words.add(run)
            char = self._peek()
            if not char:
                break
            if char == stop:
                self._next()
                return "".join(result), words.finish()
            if char == "$":
                value = self._dollar()
                result.append(value)
                words.add(value)
            elif char == "<":
                value = self._heredoc_mark()
                result.append(value)
                words.add_raw(value)
            elif char in "'\"" and self._lexer.quotes:
                value = self._single_quoted() if char == "'" else self._double_quoted()
                result.append(value)
                words.add_raw(value)
            elif self._next() == self._lexer.escape:
                if self._raw_escapes:
                    result.append(char)
                    words.add_raw(char)
                escaped = self._next()
                result.append(escaped)
                words.add_raw(escaped)
            else:
                result.append(char)
                words.add(char)
        if stop is not None:
            raise ShellWordError(f"unexpected end of statement while looking for matching {stop}")
        return "".join(result), words.finish()

    def _heredoc_mark(self) -> str:
        """``<``, or ``<<`` with the blanks after it: they belong to the heredoc's word."""
        start = self._position
        self._next()
        if self._peek() == "<":
            self._next()
            while self._peek() in _HEREDOC_BLANKS and self._peek():
                self._next()
        return self._text[start : self._position]

    def _single_quoted(self) -> str:
        quote = self._next()
        end = self._text.find("'", self._position)
        if end < 0:
            self._position = len(self._text)
            raise ShellWordError(
                "unexpected end of statement while looking for matching single-quote"
            )
        inner = self._text[self._position : end]
        self._position = end + 1
        return quote + inner + quote if self._lexer.raw_quotes else inner

    def _double_quoted(self) -> str:
        quote = self._next()
        result = [quote] if self._lexer.raw_quotes else []
        marks = f'$"{self._lexer.escape}'
        while True:
            result.append(self._run(marks))
            char = self._peek()
            if not char:
                break
            if char == '"':
                self._next()
                if self._lexer.raw_quotes:
                    result.append(char)
                return "".join(result)
            if char == "$":
                result.append(self._dollar())
                continue
            self._next()
            if char == self._lexer.escape:
                if self._raw_escapes:
                    result.append(char)
                if not self._peek():
                    continue
                if self._peek() in ('"', "$", self._lexer.escape):
                    char = self._next()
            result.append(char)
        raise ShellWordError("unexpected end of statement while looking for matching double-quote")

    def _dollar(self) -> str:
        value = self._substituted()
        self._grow(len(value))
        return value

    def _grow(self, count: int) -> None:
        """Variables made of variables grow without an end in sight: count what comes in."""
        self._expanded += count
        if self._expanded > MAX_EXPANDED:
            raise ShellWordError(f"variables expand to more than {MAX_EXPANDED} characters")

    def _substituted(self) -> str:
        self._next()
        if self._peek() != "{":
            name = self._name()
            if not name:
                return "$"
            value = self._lookup(name)
            if value is None:
                return f"${name}" if self._lexer.skip_unset else ""
            return value
        self._next()
        if not self._peek():
            raise ShellWordError("syntax error: missing '}'")
        if self._peek() in "{}:":
            raise ShellWordError("syntax error: bad substitution")
        name = self._name()
        operator = self._next() or _END
        if operator == "}":
            value = self._lookup(name)
            if value is None:
                return f"${{{name}}}" if self._lexer.skip_unset else ""
            return value
        if operator == "/":
            return self._replaced(name)
        if operator == ":":
            return self._modified(name, operator + self._next())
        return self._modified(name, operator)

    def _modified(self, name: str, operator: str) -> str:
        """``${name<operator>word}``; ``:`` before the modifier makes empty count as unset."""
        modifier = operator[-1:]
        if operator[0] != ":" and modifier not in _MODIFIERS:
            raise ShellWordError(f"unsupported modifier ({operator}) in substitution")
        if operator[0] == ":" and modifier in ("#", "%"):
            raise ShellWordError(f"unsupported modifier ({operator}) in substitution")
        word = self._operand("}", modifier in "#%", "syntax error: missing '}'")
        value = self._lookup(name)
        if self._lexer.skip_unset and value is None:
            return f"${{{name}{operator}{word}}}"
        missing = value is None or (operator[0] == ":" and not value)
        if modifier == "-":
            return word if missing else value or ""
        if modifier == "+":
            return "" if missing else word
        if modifier == "?":
            if missing:
                state = "unset" if value is None else "empty"
                raise ShellWordError(f"{name}: {word or f'is not allowed to be {state}'}")
            return value or ""
        if modifier in ("#", "%"):
            return _trimmed(modifier, word, value or "")
        raise ShellWordError(f"unsupported modifier ({operator}) in substitution")

    def _replaced(self, name: str) -> str:
        """``${name/pattern/replacement}``, ``//`` for every match."""
        everywhere = self._peek() == "/"
        if everywhere:
            self._next()
        pattern = self._operand("/", True, "syntax error: missing '/' in ${}")
        replacement = self._operand("}", True, "syntax error: missing '}'")
        value = self._lookup(name)
        if self._lexer.skip_unset and value is None:
            return f"${{{name}/{pattern}/{replacement}}}"
        if everywhere and len(value or "") * len(replacement) > _MOST_REPLACED:
            raise ShellWordError(f"{name}: too long a replacement for so long a value")
        return Pattern(pattern).replace(value or "", replacement, everywhere=everywhere)

    def _operand(self, stop: str, raw_escapes: bool, unfinished: str) -> str:
        try:
            return self.until(stop, raw_escapes)[0]
        except ShellWordError as error:
            if not self._peek():
                raise ShellWordError(unfinished) from error
            raise

    def _name(self) -> str:
        start = self._position
        first = self._peek()
        if first.isdigit():
            while self._peek().isdigit():
                self._next()
        elif first and first in _SPECIAL_PARAMETERS:
            self._next()
        else:
            while (char := self._peek()).isalpha() or char.isdigit() or char == "_":
                self._next()
        return self._text[start : self._position]

    def _lookup(self, name: str) -> str | None:
        value = self._env.get(name)
        (self.unmatched if value is None else self.matched).add(name)
        return value


def _trimmed(modifier: str, word: str, value: str) -> str:
    longest = word.startswith(modifier)
    text = word[1:] if longest else word
    if modifier == "#":
        return value[Pattern(text).prefix_length(value, longest=longest) :]
    length = Pattern(reversed_pattern(text)).prefix_length(value[::-1], longest=longest)
    return value[: len(value) - length]
