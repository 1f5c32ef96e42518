"""JSON as Go's ``encoding/json`` writes it, so that digests agree with BuildKit's."""

from __future__ import annotations

import json
from typing import Any

_ESCAPES = str.maketrans(
    {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
        **{chr(code): "\ufffd" for code in range(0xD800, 0xE000)},  # bytes that are no UTF-8
    }
)


def dumps(value: Any, *, indent: int | None = None) -> bytes:
    """UTF-8 JSON in the given key order; ``<``, ``>``, ``&``, U+2028/9 escaped.

    Compact by default; with ``indent`` as ``json.MarshalIndent(v, "", indent*" ")``.
    Go writes ``\\u0008`` and ``\\u000c`` as ``\\b`` and ``\\f`` since 1.22, as Python does;
    DEL and other characters stay as they are.
    """
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(value, ensure_ascii=False, separators=separators, indent=indent)
    return text.translate(_ESCAPES).encode()
