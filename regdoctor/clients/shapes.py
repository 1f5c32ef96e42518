"""Values of configuration files in the shape that they should have: a file may hold anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from regdoctor.observations.host import HostFiles


def table(value: object) -> Mapping[str, Any]:
    """``value`` where it is a table, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def json_table(files: HostFiles, path: str) -> Mapping[str, Any]:
    """The object that the JSON file holds; empty without the file, or where it is no such thing."""
    try:
        return table(json.loads(files.text(path) or "{}"))
    except ValueError:
        return {}
