"""The YAML that people write into ``registries.yaml``: maps, lists and scalars, no more.

Block and flow collections, quoted and plain scalars, comments. Anchors, tags, block scalars,
several documents and tabs are refused, not guessed at.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_KEY = re.compile(
    r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#'"\[\]{},&*!|>%@`-][^#]*?|-\S[^#]*?)\s*:(?:\s+|$)"""
)
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}
_NULL = {"", "~", "null", "Null", "NULL"}


class NotUnderstood(ValueError):
    """The text is no YAML, or more of it than is read here; ``line`` counts from 1."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line
        self.why = why


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    indent: int
    text: str


def loads(text: str) -> Any:
    """The one document of ``text``; None where it is empty. Raises NotUnderstood."""
    lines = list(_lines(text))
    if not lines:
        return None
    value, rest = _block(lines, lines[0].indent)
    if rest:
        raise NotUnderstood(rest[0].number, "indented otherwise than what it belongs to")
    return value


def _lines(text: str) -> list[_Line]:
    found: list[_Line] = []
    for number, raw in enumerate(text.splitlines(), 1):
        if number == 1 and raw.startswith("\ufeff"):
            raw = raw[1:]
        bare = _uncommented(raw).rstrip()
        if not bare.strip() or (bare == "---" and not found):
            continue
        if "\t" in bare[: len(bare) - len(bare.lstrip())]:
            raise NotUnderstood(number, "a tab in the indentation")
        if bare in ("---", "..."):
            raise NotUnderstood(number, "a second document")
        found.append(_Line(number, len(bare) - len(bare.lstrip()), bare.strip()))
    return found


def _uncommented(line: str) -> str:
    quote = ""
    for index, letter in enumerate(line):
        if quote:
            if letter == quote and not (quote == '"' and line[index - 1] == "\\"):
                quote = ""
        elif letter in "\"'" and (index == 0 or line[index - 1] in " [{,:"):
            quote = letter
        elif letter == "#" and (index == 0 or line[index - 1] in " \t"):
            return line[:index]
    return line


def _block(lines: list[_Line], indent: int) -> tuple[Any, list[_Line]]:
    first = lines[0]
    if first.text == "-" or first.text.startswith("- "):
        return _sequence(lines, indent)
    if _KEY.match(first.text):
        return _mapping(lines, indent)
    return _scalar_or_flow(first), lines[1:]


def _mapping(lines: list[_Line], indent: int) -> tuple[dict[str, Any], list[_Line]]:
    found: dict[str, Any] = {}
    while lines and lines[0].indent == indent:
        line = lines[0]
        match = _KEY.match(line.text)
        if match is None:
            raise NotUnderstood(line.number, "no key where one is wanted")
        key = str(_scalar(match[1], line.number))
        if key in found:
            raise NotUnderstood(line.number, f"{key} stands there twice")
        rest = line.text[match.end() :].strip()
        lines = lines[1:]
        if rest:
            found[key] = _scalar_or_flow(_Line(line.number, 0, rest))
        elif lines and (lines[0].indent > indent or _dashed(lines[0], indent)):
            found[key], lines = _block(lines, lines[0].indent)
        else:
            found[key] = None
    return found, lines


def _dashed(line: _Line, indent: int) -> bool:
    """A list may stand as far left as the key that it belongs to."""
    return line.indent == indent and (line.text == "-" or line.text.startswith("- "))


def _sequence(lines: list[_Line], indent: int) -> tuple[list[Any], list[_Line]]:
    found: list[Any] = []
    while lines and _dashed(lines[0], indent):
        line = lines[0]
        rest = line.text[1:].lstrip()
        inner = indent + len(line.text) - len(rest)
        lines = lines[1:]
        if rest:
            lines = [_Line(line.number, inner, rest), *lines]
        if rest or (lines and lines[0].indent > indent):
            value, lines = _block(lines, lines[0].indent)
            found.append(value)
        else:
            found.append(None)
    return found, lines


def _scalar_or_flow(line: _Line) -> Any:
    if line.text[0] not in "[{":
        return _scalar(line.text, line.number)
    value, rest = _flow(line.text, line.number)
    if rest.strip():
        raise NotUnderstood(line.number, f"{rest.strip()!r} behind the end of a collection")
    return value


def _flow(text: str, number: int) -> tuple[Any, str]:
    if text.startswith("["):
        items: list[Any] = []
        text = text[1:].lstrip()
        while not text.startswith("]"):
            item, text = _flow(text, number)
            items.append(item)
            text = _after_item(text, "]", number)
        return items, text[1:]
    if text.startswith("{"):
        pairs: dict[str, Any] = {}
        text = text[1:].lstrip()
        while not text.startswith("}"):
            key, text = _flow_scalar(text, number, ":")
            value: Any = None
            if text.startswith(":"):
                text = text[1:].lstrip()
                if not text.startswith((",", "}")):
                    value, text = _flow(text, number)
            pairs[str(key)] = value
            text = _after_item(text, "}", number)
        return pairs, text[1:]
    return _flow_scalar(text, number, "")


def _after_item(text: str, end: str, number: int) -> str:
    text = text.lstrip()
    if text.startswith(","):
        return text[1:].lstrip()
    if not text.startswith(end):
        raise NotUnderstood(number, f"a collection that does not end in {end}")
    return text


def _flow_scalar(text: str, number: int, stop: str) -> tuple[Any, str]:
    quoted = re.match(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'""", text)
    if quoted:
        return _scalar(quoted[0], number), text[quoted.end() :].lstrip()
    plain = re.match(r"(?:[^,\[\]{}:]|:(?!\s|$))*" if stop else r"[^,\[\]{}]*", text)
    assert plain is not None
    return _scalar(plain[0].strip(), number), text[plain.end() :]


def _scalar(text: str, number: int) -> Any:
    if text.startswith('"'):
        try:
            return json.loads(text)
        except ValueError as error:
            raise NotUnderstood(number, f"{text} is no quoted text") from error
    if text.startswith("'"):
        if len(text) < 2 or not text.endswith("'"):
            raise NotUnderstood(number, f"{text} is no quoted text")
        return text[1:-1].replace("''", "'")
    if text[:1] in ("&", "*", "!", "|", ">", "%", "@", "`"):
        raise NotUnderstood(number, f"{text[:1]} is more YAML than is read here")
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    return int(text) if re.fullmatch(r"[-+]?\d+", text) else text
