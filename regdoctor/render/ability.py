"""What a host can do, on one screen."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from typing import Any

from regdoctor.model import codec
from regdoctor.model.ability import Ability
from regdoctor.observations.ability import HostAbility
from regdoctor.render.safe import plain

_MARKS = {"works": "ok", "limited": "!!", "missing": "NO", "told": "  "}
_COLOURS = {"works": "32", "limited": "33", "missing": "31"}
_TOPIC = 16


def text(found: Sequence[Ability], *, width: int, colour: bool = False) -> str:
    """A line for each, more where it is long; below it how to get what is missing."""
    lines: list[str] = []
    for each in found:
        mark = _MARKS[each.state]
        if colour and each.state in _COLOURS:
            mark = f"\x1b[{_COLOURS[each.state]}m{mark}\x1b[0m"
        indent = " " * (_TOPIC + 4)
        said = textwrap.wrap(plain(each.said), max(20, width - len(indent)))
        lines.append(f"{mark} {each.topic:<{_TOPIC}} {said[0] if said else ''}".rstrip())
        lines += [indent + line for line in said[1:]]
        if each.remedy:
            remedy = textwrap.wrap(plain(each.remedy), max(20, width - len(indent) - 3))
            lines += [
                f"{indent}{'-> ' if n == 0 else '   '}{line}" for n, line in enumerate(remedy)
            ]
    return "\n".join(lines) + "\n"


def document(found: Sequence[Ability], seen: HostAbility) -> str:
    """JSON: ``abilities`` as judged, ``seen`` as observed."""
    out: dict[str, Any] = {
        "schema": 1,
        "abilities": codec.encode(tuple(found)),
        "seen": codec.encode(seen),
    }
    return json.dumps(out, indent=1) + "\n"
