"""Values of configuration files in the shape that they should have: a file may hold anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def table(value: object) -> Mapping[str, Any]:
    """``value`` where it is a table, else an empty one."""
    return value if isinstance(value, Mapping) else {}
