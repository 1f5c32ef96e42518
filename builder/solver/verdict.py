"""Why each vertex was cached or not, told by comparing with how it was made last time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from builder.oci.digest import Digest
from builder.solver.cachestore import VOLATILE, Trace
from builder.solver.graph import Node

Reason = Literal["", "ignored", "first", "definition", "input", "gone", "session", "unknown"]


class Change(Struct, frozen=True):
    """One thing that differs from last time. ``subject`` is an entry of ``CacheMap.describe``,
    the name of an input or a part of its content; values are "" where there was, or is, none.
    """

    subject: str
    before: str
    after: str


class CacheVerdict(Struct, frozen=True):
    """What the cache said of one vertex.

    ``reason`` for a run: "ignored" (asked not to look), "first" (no vertex of this name was
    solved before), "definition" or "input" (what ``changes`` lists), "gone" (the result was
    pruned), "session" (reads the client's files anew each time), "unknown" (all is as it was,
    yet nothing is recorded: another builder may have pruned it).
    """

    digest: Digest
    name: str
    cached: bool
    reason: Reason = ""
    changes: tuple[Change, ...] = ()


def trace_of(node: Node) -> Trace | None:
    """How a settled node was made; None where its cache map was never asked for."""
    if node.cache_map is None:
        return None
    inputs = []
    for number, (source, output) in enumerate(node.inputs):
        ids = set(source.keys.get(output, ()))
        if number in node.contents:
            ids.add(node.contents[number])
        lasting = sorted(name for name in ids if not name.startswith(VOLATILE))
        inputs.append((source.vertex.name, tuple(lasting)))
    describe = dict(node.cache_map.describe)
    keys = enumerate(node.cache_map.inputs)
    parts = {i: dict(k.parts()) for i, k in keys if i in node.contents and k.parts is not None}
    return Trace(node.vertex.name, str(node.cache_map.digest), describe, tuple(inputs), parts)


def earlier(node: Node, candidates: Sequence[Trace]) -> Trace | None:
    """Of traces that may be of this vertex, the likelier first, the one to compare with."""
    if node.cache_map is None:
        return None
    # One that tells of other things altogether was another kind of step in the same place.
    told = set(node.cache_map.describe)
    alike = [trace for trace in candidates if told & set(trace.describe) or not told]
    definition = str(node.cache_map.digest)
    same = (trace for trace in reversed(alike) if trace.definition == definition)
    return next(same, alike[0] if alike else None)


def differs(before: Trace, after: Trace) -> bool:
    """Whether ``after`` is other work than ``before`` (known ids of an input may grow)."""
    return bool(before.definition != after.definition or _input_changes(before, after))


def judge(node: Node, last: Trace | None) -> CacheVerdict:
    """The verdict on a settled node; ``last`` is how a vertex of its name was made before."""
    vertex = node.vertex
    if node.outcome in ("hit", "merged"):
        return CacheVerdict(vertex.digest, vertex.name, cached=True)
    reason, changes = _reason(node, last)
    return CacheVerdict(vertex.digest, vertex.name, False, reason, changes)


def _reason(node: Node, before: Trace | None) -> tuple[Reason, tuple[Change, ...]]:
    after = trace_of(node)
    if node.ignores_cache:
        return "ignored", ()
    if node.cache_map is not None and node.cache_map.random:
        return "session", ()
    if before is None or after is None:
        return "first", ()
    if before.definition != after.definition:
        return "definition", _described_changes(before, after)
    changes = _input_changes(before, after)
    if changes:
        return "input", changes
    return ("gone" if node.lost else "unknown"), ()


def _described_changes(before: Trace, after: Trace) -> tuple[Change, ...]:
    old, new = before.describe, after.describe
    changes = tuple(
        Change(subject, old.get(subject, ""), new.get(subject, ""))
        for subject in dict.fromkeys((*old, *new))
        if old.get(subject) != new.get(subject)
    )
    return changes or (Change("definition", before.definition, after.definition),)


def _input_changes(before: Trace, after: Trace) -> tuple[Change, ...]:
    changes = []
    for number in range(max(len(before.inputs), len(after.inputs))):
        old_name, old = before.inputs[number] if number < len(before.inputs) else ("", ())
        name, new = after.inputs[number] if number < len(after.inputs) else ("", ())
        if not (old or new) or set(old) & set(new):
            continue
        parts = _part_changes(before.parts.get(number), after.parts.get(number))
        whole = Change(name or old_name, old[0] if old else "", new[0] if new else "")
        changes += parts or [whole]
    return tuple(changes)


def _part_changes(
    before: Mapping[str, str] | None, after: Mapping[str, str] | None
) -> list[Change]:
    """The parts of a content that came, went or changed."""
    if before is None or after is None:
        return []
    return [
        Change(name, before.get(name, ""), after.get(name, ""))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
