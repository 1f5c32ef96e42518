"""JSON as Go's ``encoding/json`` writes it, so that digests agree with BuildKit's."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
_WIDE_ESCAPES = {"\u2028": "\\u2028", "\u2029": "\\u2029"}
_NOT_UTF8 = re.compile("[\ud800-\udfff]")


def dumps(value: Any, *, indent: int | None = None) -> bytes:
    """UTF-8 JSON in the given key order; ``<``, ``>``, ``&``, U+2028/9 escaped.

    Compact by default; with ``indent`` (1 and more) as ``json.MarshalIndent(v, "", indent*" ")``.
    Go writes ``\\u0008`` and ``\\u000c`` as ``\\b`` and ``\\f`` since 1.22, as Python does;
    DEL and other characters stay as they are. Raises ValueError for numbers that are not finite,
    which Go refuses too.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    if not text.isascii():
        for character, escape in _WIDE_ESCAPES.items():
            text = text.replace(character, escape)
        text = _NOT_UTF8.sub("\ufffd", text)
    written = text.encode()
    return written if indent is None else msgspec.json.format(written, indent=indent)
