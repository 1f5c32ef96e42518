"""The text of a Dockerfile as lines of instructions: directives, comments, continuations,
heredocs, flags. What the words of an instruction mean is decided in ``grammar``.

The rules are those of BuildKit's ``frontend/dockerfile/parser``, quirks included.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from builder.events import SourceRange
from builder.frontend.dockerfile.directives import Directive, DirectiveScanner
from builder.frontend.dockerfile.errors import ParseError, ShellWordError
from builder.frontend.dockerfile.flags import split_flags
from builder.frontend.dockerfile.lexical import (
    BLANKS,
    bytes_as_characters,
    characters_of_bytes,
    runes,
)
from builder.frontend.dockerfile.shell import Lexer
from builder.oci.goquote import go_quote

MAX_LINE = 65535
_WHITESPACE = re.compile(r"[\t\v\f\r ]+")
_HEREDOC = re.compile(r"(\d*)<<(-?)\s*([^<]*)", re.ASCII)
_KIND = re.compile(r"([^\t\n\v\f\r \x85\xa0]+)[\t\n\v\f\r \x85\xa0]*(.*)", re.DOTALL)
_HEREDOC_COMMANDS = frozenset({"add", "copy", "run"})
_COMPOUND_COMMANDS = frozenset({"onbuild"})
_NOT_STRINGS = "when using JSON array syntax, arrays must be comprised of strings only"


class Heredoc(Struct, frozen=True):
    """``<<NAME`` in a word. ``content`` are the lines as written; ``chomp`` asks for their
    leading tabs to be dropped, ``expand`` is False where any part of NAME was quoted."""

    name: str
    expand: bool
    chomp: bool
    content: str = ""

    @property
    def text(self) -> str:
        """The content that is meant."""
        return re.sub(r"(?m)^\t+", "", self.content) if self.chomp else self.content


class Node(Struct, frozen=True):
    """One instruction. ``command`` is spelled as typed; ``original`` is the logical line.

    ``words`` are the arguments as the command's own rule splits them (for ENV and LABEL:
    key, value, separator in turn); ``json`` that they came as a JSON array.
    """

    command: str
    original: str
    flags: tuple[str, ...]
    words: tuple[str, ...]
    json: bool = False
    child: Node | None = None
    heredocs: tuple[Heredoc, ...] = ()
    start: int = 0
    end: int = 0
    comments: tuple[str, ...] = ()

    @property
    def keyword(self) -> str:
        return self.command.lower()

    @property
    def ranges(self) -> tuple[SourceRange, ...]:
        """Each physical line on its own, as BuildKit's source maps have them."""
        return tuple(SourceRange(n, n) for n in range(self.start, self.end + 1))


class ParsedText(Struct, frozen=True):
    """``empty_continuations`` are the lines that ended an instruction with blank lines in it."""

    nodes: tuple[Node, ...]
    escape: str
    directives: tuple[Directive, ...] = ()
    empty_continuations: tuple[int, ...] = ()


def parse_text(source: bytes) -> ParsedText:
    """Raises ParseError. Bytes that are no UTF-8 survive as surrogates."""
    return _Parsing(source.decode(errors="surrogateescape")).run()


def parse_heredoc(word: str) -> Heredoc | None:
    """The heredoc that ``word`` announces, or None."""
    if "<<" not in word:
        return None
    try:
        return _announced(word)
    except ParseError:
        return None


def _announced(word: str) -> Heredoc | None:
    """Raises ParseError for a name that cannot be read."""
    match = _HEREDOC.fullmatch(word)
    if match is None or not match[3]:
        return None
    try:
        plain = Lexer(skip_unset=True).split(match[3], {})
        raw = Lexer(skip_unset=True, raw_quotes=True).split(match[3], {})
    except ShellWordError as error:
        raise ParseError(str(error)) from error
    if len(plain) != 1:
        return None
    if len(raw) != 1:
        raise ParseError(f"internal lexing of heredoc produced inconsistent results: {match[3]}")
    return Heredoc(plain[0], expand=_quotes(plain[0]) == _quotes(raw[0]), chomp=bool(match[2]))


def _quotes(word: str) -> int:
    return word.count("'") + word.count('"')


class _Parsing:
    def __init__(self, text: str) -> None:
        self.scanner = DirectiveScanner()
        self.line = 0
        self.too_long = False
        self.empty_continuations: list[int] = []
        self._lines = self._read_lines(text)

    def run(self) -> ParsedText:
        nodes: list[Node] = []
        comments: list[str] = []
        for raw in self._lines:
            first = raw.rstrip("\r\n").lstrip(BLANKS)
            if first.startswith("#"):
                if not self.scanner.take(first, self.line):
                    # The first character goes, be it a blank, as in BuildKit.
                    comment = raw[1:].strip(BLANKS)
                    comments = [*comments, comment] if comment else []
                continue
            self.scanner.stop()
            text, ended = self._trim_continuation(first)
            if ended and not text:
                continue
            nodes.append(self._instruction(text, ended, tuple(comments)))
            comments = []
        if not nodes:
            raise ParseError("file with no instructions", ranges=self._here)
        if self.too_long:
            message = f"dockerfile line greater than max allowed size of {MAX_LINE}"
            raise ParseError(message, ranges=self._here)
        return ParsedText(
            tuple(nodes),
            self.scanner.escape,
            tuple(self.scanner.found),
            tuple(self.empty_continuations),
        )

    @property
    def _here(self) -> tuple[SourceRange, ...]:
        return (SourceRange(self.line, self.line),)

    def _read_lines(self, text: str) -> Iterator[str]:
        """Lines with their newline; only ``\\n`` ends one. A line that is too long ends all:
        what is before it is read first, and may be wrong in other ways."""
        position = 0
        while position < len(text):
            end = text.find("\n", position) + 1 or len(text)
            line = text[position:end]
            position = end
            if len(line) > MAX_LINE // 4 and (
                len(line.removesuffix("\n").encode(errors="surrogateescape")) > MAX_LINE
            ):
                self.too_long = True
                return
            self.line += 1
            yield line.removeprefix("\ufeff") if self.line == 1 else line

    def _trim_continuation(self, text: str) -> tuple[str, bool]:
        """``text`` without a trailing single escape, and whether the instruction ends here."""
        escape = self.scanner.escape
        stripped = text.rstrip(" \t")
        if stripped.endswith(escape) and not stripped[:-1].endswith(escape):
            return stripped[:-1], False
        return text, True

    def _instruction(self, text: str, ended: bool, comments: tuple[str, ...]) -> Node:
        start = self.line
        parts = [text]
        empty = False
        while not ended and (raw := next(self._lines, None)) is not None:
            following = raw.rstrip("\r\n")
            if following.lstrip(BLANKS).startswith("#"):
                continue
            if not following.strip(BLANKS):
                empty = True
                continue
            following, ended = self._trim_continuation(following)
            parts.append(following)
        if self.too_long and not ended:
            self.line += 1  # a scanner of Go's gives the start of the line, asked once more
        if empty:
            self.empty_continuations.append(self.line)
        try:
            node = parse_line("".join(parts), self.scanner.escape)
            heredocs = self._heredocs(node) if _takes_heredocs(node) else ()
        except ParseError as error:
            ranges = tuple(SourceRange(n, n) for n in range(start, self.line + 1))
            raise error.located(ranges) from error
        line = (node.command, node.original, node.flags, node.words)
        return Node(*line, node.json, node.child, heredocs, start, self.line, comments)

    def _heredocs(self, node: Node) -> tuple[Heredoc, ...]:
        if "<<" not in node.original:
            return ()
        try:
            words = Lexer(raw_quotes=True, raw_escapes=True, skip_unset=True).split(
                node.original, {}
            )
        except ShellWordError:
            return ()
        announced = [found for word in words if (found := _announced(word)) is not None]
        return tuple(self._read_heredoc(heredoc) for heredoc in announced)

    def _read_heredoc(self, heredoc: Heredoc) -> Heredoc:
        content: list[str] = []
        for raw in self._lines:
            candidate = raw.rstrip("\r\n")
            if heredoc.chomp:
                candidate = candidate.lstrip("\t")
            if candidate == heredoc.name:
                return replace(heredoc, content="".join(content))
            content.append(raw)
        raise ParseError(
            "unterminated heredoc",
            hint=f"no line is {go_quote(heredoc.name)}; if << is a shift, leave out the blanks",
        )


def _takes_heredocs(node: Node) -> bool:
    if node.keyword in _COMPOUND_COMMANDS and node.child is not None:
        node = node.child
    return node.keyword in _HEREDOC_COMMANDS and not node.json


# --- one logical line --------------------------------------------------------------------------


def parse_line(line: str, escape: str) -> Node:
    """A logical line as a node, without its heredocs and place. Raises ParseError."""
    head, *tail = _WHITESPACE.split(line.strip(BLANKS), maxsplit=1)
    flags, rest = split_flags(tail[0], escape) if tail else ((), "")
    rest = rest.strip(BLANKS)
    if head.lower() == "onbuild":
        child = parse_line(rest, escape) if rest else None
        words = (child.command, *child.words) if child is not None else ()
        return Node(head, line, flags, words, child is not None and child.json, child)
    splitter = _SPLITTERS.get(head.lower())
    words, is_json = splitter(rest, escape) if splitter is not None else ((), False)
    return Node(head, line, flags, words, is_json)


_Split = tuple[tuple[str, ...], bool]


def _whole(rest: str, _escape: str) -> _Split:
    return ((rest,) if rest else ()), False


def _blank_separated(rest: str, _escape: str) -> _Split:
    return (tuple(_WHITESPACE.split(rest)) if rest else ()), False


def _json_or_whole(rest: str, escape: str) -> _Split:
    array = _json_array(rest)
    return _whole(rest, escape) if array is None else (array, True)


def _json_or_list(rest: str, escape: str) -> _Split:
    array = _json_array(rest)
    return _blank_separated(rest, escape) if array is None else (array, True)


def _json_array(rest: str) -> tuple[str, ...] | None:
    """The strings of a JSON array; None where it is none. Raises where they are not strings."""
    if not rest.lstrip(BLANKS).startswith("["):
        return None
    try:
        value = json.loads(
            rest, parse_constant=_refuse_constant, parse_float=_number, parse_int=_number
        )
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, list):
        return None
    if not all(isinstance(item, str) for item in value):
        raise ParseError(_NOT_STRINGS)
    return tuple(_without_surrogates(item) for item in value)


def _number(text: str) -> float:
    if math.isinf(float(text)):
        raise ValueError(text)
    return float(text)


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _without_surrogates(text: str) -> str:
    """Bytes that are no UTF-8, and halves of ``\\uD800`` escapes, become U+FFFD, as in Go."""
    return text if text.isascii() else re.sub("[\ud800-\udfff]", "\ufffd", text)


def _healthcheck(rest: str, escape: str) -> _Split:
    match = _KIND.fullmatch(bytes_as_characters(rest))
    if match is None:
        return (), False
    words, is_json = _json_or_whole(characters_of_bytes(match[2]), escape)
    return (characters_of_bytes(match[1]), *words), is_json


def _words(rest: str, escape: str) -> _Split:
    return tuple(split_words(rest, escape)), False


def split_words(rest: str, escape: str) -> list[str]:
    """Words at unquoted blanks; quotes and escapes stay in them."""
    rest = runes(rest)
    words: list[str] = []
    current: list[str] = []
    quote, quoted = "", False
    position, end = 0, len(rest)
    while position < end:
        char = rest[position]
        position += 1
        if not quote and char in BLANKS:
            if current or quoted:
                words.append("".join(current))
            current, quoted = [], False
            continue
        if char == escape and quote != "'":
            if position == end:
                break
            current += [char, rest[position]]
            position += 1
            continue
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote, quoted = char, True
        current.append(char)
    if current or quoted:
        words.append("".join(current))
    return words


def _key_values(command: str) -> Callable[[str, str], _Split]:
    def split(rest: str, escape: str) -> _Split:
        words = split_words(rest, escape)
        if not words:
            return (), False
        if "=" not in words[0]:
            key, *value = _WHITESPACE.split(rest, maxsplit=1)
            if not value:
                raise ParseError(f"{command} must have two arguments")
            return (key, value[0], ""), False
        out: list[str] = []
        for word in words:
            key, delimiter, text = word.partition("=")
            if not delimiter:
                raise ParseError(
                    f"Syntax error - can't find = in {go_quote(word)}. "
                    "Must be of the form: name=value"
                )
            out += [key, text, delimiter]
        return tuple(out), False

    return split


_SPLITTERS: dict[str, Callable[[str, str], _Split]] = {
    "add": _json_or_list,
    "arg": _words,
    "cmd": _json_or_whole,
    "copy": _json_or_list,
    "entrypoint": _json_or_whole,
    "env": _key_values("ENV"),
    "expose": _blank_separated,
    "from": _blank_separated,
    "healthcheck": _healthcheck,
    "label": _key_values("LABEL"),
    "maintainer": _whole,
    "run": _json_or_whole,
    "shell": _json_or_whole,
    "stopsignal": _whole,
    "user": _whole,
    "volume": _json_or_list,
    "workdir": _whole,
}
COMMANDS = (*_SPLITTERS, "onbuild")
