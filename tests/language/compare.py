"""Where our answer and BuildKit's differ, in words."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from builder.llb.definition import Definition
from tests.language.judge import Answer

_MOST_LINES = 24


def differences(ours: Answer, theirs: Answer) -> list[str]:
    """Nothing where both mean the same: graphs, names, lines, configs, warnings, refusals."""
    return list(_differences(ours, theirs))


def _differences(ours: Answer, theirs: Answer) -> Iterator[str]:
    if ours.error != theirs.error:
        yield f"error: ours {ours.error!r}\n     theirs {theirs.error!r}"
        return
    if theirs.error:
        if _lines(ours) != _lines(theirs):
            yield f"lines of the error: ours {ours.ranges}, theirs {theirs.ranges}"
        return
    if len(ours.definitions) != len(theirs.definitions):
        yield f"definitions: ours {len(ours.definitions)}, theirs {len(theirs.definitions)}"
        return
    if sorted(ours.definitions) != sorted(theirs.definitions):
        for mine, other in zip(_in_order(ours), _in_order(theirs), strict=True):
            yield from _graphs(mine, other)
    wanted = {k: v for k, v in (theirs.metadata or {}).items() if k != "refs.platforms"}
    yield from _documents(ours.metadata or {}, wanted)
    # Those of one instruction come in the order of a map of Go's.
    if sorted(ours.warnings) != sorted(theirs.warnings):
        yield f"warnings: ours {ours.warnings}\n     theirs {theirs.warnings}"
    if sorted(set(ours.resolved)) != sorted(set(theirs.resolved)):
        yield f"resolved: ours {ours.resolved}\n     theirs {theirs.resolved}"


def _lines(answer: Answer) -> list[tuple[int, int]]:
    """What the error is about; some errors are placed twice on their way up."""
    return list(dict.fromkeys(answer.ranges))


def _in_order(answer: Answer) -> list[Definition]:
    """The graphs of the platforms, in one order for both."""
    decoded = map(Definition.decode, answer.definitions)
    return sorted(decoded, key=lambda d: json.dumps(_readable(d), sort_keys=True))


def essence(answer: Answer) -> dict[str, Any]:
    """What must be equal, short enough to be kept: texts of refusals, digests of the rest."""
    if answer.error:
        return {"error": answer.error, "lines": [list(span) for span in _lines(answer)]}
    graphs = [_readable(each) for each in _in_order(answer)]
    metadata = {name: data.decode() for name, data in (answer.metadata or {}).items()}
    metadata.pop("refs.platforms", None)
    return {
        "graphs": _digest(graphs),
        "configs": _digest(metadata),
        "warnings": sorted(text for text, _, _ in answer.warnings),
        "resolved": sorted(set(answer.resolved)),
    }


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _graphs(ours: Definition, theirs: Definition) -> Iterator[str]:
    mine, other = _readable(ours), _readable(theirs)
    if mine == other:
        if set(ours.def_) != set(theirs.def_):
            yield "ops: equal as JSON, and not as bytes"
        return
    yield "graph:\n" + diff(mine, other)


def _readable(definition: Definition) -> Any:
    document = definition.to_json()
    for info in document.get("source", {}).get("infos", ()):
        # Written in the order of a map of Go's.
        fetched = info.get("definition") or {}
        info["definition"] = {**fetched, "def": fetched.get("def")}
    number_groups(document.get("metadata") or {})
    return document


def number_groups(metadata: Mapping[str, Any]) -> None:
    """The ids of groups of vertices are drawn at random: number them."""
    groups: dict[str, str] = {}
    for _, described in sorted(metadata.items()):
        group = described.get("progress_group")
        if group is not None:
            group["id"] = groups.setdefault(group["id"], f"group {len(groups)}")


def _documents(ours: Mapping[str, bytes], theirs: Mapping[str, bytes]) -> Iterator[str]:
    for name in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(name), theirs.get(name)
        if mine == other:
            continue
        left = json.loads(mine) if mine is not None else None
        right = json.loads(other) if other is not None else None
        if left == right:
            yield f"{name}: equal documents, and not the same bytes\n{mine!r}\n{other!r}"
        else:
            yield f"{name}:\n" + diff(left, right)


def diff(ours: Any, theirs: Any) -> str:
    left, right = (
        json.dumps(each, indent=1, sort_keys=True).splitlines() for each in (ours, theirs)
    )
    lines = list(difflib.unified_diff(left, right, "ours", "theirs", lineterm="", n=1))
    more = len(lines) - _MOST_LINES
    shown = lines[:_MOST_LINES] + ([f"... and {more} lines more"] if more > 0 else [])
    return "\n".join(shown)
