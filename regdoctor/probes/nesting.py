"""Configuration so deep that no parser of ours gets to its end: a bomb, and no configuration."""

from __future__ import annotations

import re

MOST_LEVELS = 200
"""Of lists and tables in each other; what people write has fewer than ten."""

_OPENED = re.compile(rb"[\[{]|[\]}]")
_DOTTED = re.compile(rb"(?:[\w\"'-]{1,64}[ \t]*\.[ \t]*){%d}" % MOST_LEVELS)
"""A key of TOML is a table in a table for each dot."""


def too_deep(content: bytes) -> bool:
    """Whether JSON, TOML or YAML ``content`` nests deeper than ``MOST_LEVELS``.

    Brackets in texts count as well: where they are that many and none is closed.
    """
    depth = 0
    for found in _OPENED.finditer(content):
        depth = max(0, depth + (1 if found[0] in b"[{" else -1))
        if depth > MOST_LEVELS:
            return True
    return _DOTTED.search(content) is not None
