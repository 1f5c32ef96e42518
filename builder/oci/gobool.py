"""Booleans as Go's ``strconv.ParseBool`` reads them: in attributes, flags and build arguments."""

from __future__ import annotations

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def parse_bool(text: str) -> bool | None:
    """None for what it refuses."""
    if text in _TRUE:
        return True
    return False if text in _FALSE else None
