"""The build graph as provenance has it: numbered steps, in BuildKit's own JSON of an op."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from builder.llb import ops as llb
from builder.llb import wire
from builder.llb.definition import Definition
from builder.llb.jsonform import go_struct
from builder.oci.credentials import hide_in_file, without_credentials
from builder.oci.digest import Digest

_VOLATILE = ("local.session", "local.unique")
_KINDS: Mapping[type, str] = {
    llb.ExecOp: "exec",
    llb.SourceOp: "source",
    llb.FileOp: "file",
    llb.BuildOp: "build",
    llb.MergeOp: "merge",
    llb.DiffOp: "diff",
    llb.PassthroughOp: "passthrough",
}


def steps_of(definition: Definition) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The steps, inputs first, the terminal node last; and the number of each digest.

    The result is followed backwards, depth first, so the order is that of the graph.
    """
    ops = {str(Digest.of(data)): wire.decode(llb.Op, data) for data in definition.def_}
    if not ops:
        return [], {}
    order = _depth_first(ops, list(ops)[-1])
    numbers = {digest: number for number, digest in enumerate(order)}
    steps = []
    for digest, number in numbers.items():
        op = ops[digest]
        step: dict[str, Any] = {"id": f"step{number}", "op": _op_json(op)}
        if op.inputs:
            step["inputs"] = [f"step{numbers[i.digest]}:{i.index}" for i in op.inputs]
        steps.append(step)
    return steps, numbers


def build_config(definition: Definition) -> dict[str, Any]:
    """``buildConfig``: the steps, and which digest is which of them."""
    steps, numbers = steps_of(definition)
    mapping = {digest: f"step{numbers[digest]}" for digest in sorted(numbers)}
    return {"llbDefinition": steps, "digestMapping": mapping} if steps else {}


def source_json(definition: Definition) -> dict[str, Any]:
    """``source``: the files that the graph was made from, and which lines made which step."""
    source = definition.source
    if source is None or not source.infos:
        return {}
    _, numbers = steps_of(definition)
    locations = {
        f"step{numbers[digest]}": go_struct(places)
        for digest, places in source.locations.items()
        if digest in numbers
    }
    infos = []
    for file in source.infos:
        info: dict[str, Any] = {"filename": file.filename, "language": file.language}
        info["data"] = base64.b64encode(hide_in_file(file.data)).decode()
        fetched = build_config(Definition.decode(file.definition)) if file.definition else {}
        infos.append({key: value for key, value in (info | fetched).items() if value})
    return {"locations": dict(sorted(locations.items())), "infos": infos}


def _depth_first(ops: Mapping[str, llb.Op], last: str) -> list[str]:
    """Every digest below ``last`` after its inputs, without recursion: graphs may be deep."""
    order: dict[str, None] = {}
    waiting = [(last, False)]
    while waiting:
        digest, done = waiting.pop()
        if digest in order:
            continue
        if done:
            order[digest] = None
            continue
        waiting.append((digest, True))
        waiting += [(each.digest, False) for each in reversed(ops[digest].inputs)]
    return list(order)


def _op_json(op: llb.Op) -> dict[str, Any]:
    inner = op.op
    if isinstance(inner, llb.SourceOp):
        kept = {
            key: without_credentials(value)
            for key, value in inner.attrs.items()
            if key not in _VOLATILE
        }
        inner = replace(inner, identifier=without_credentials(inner.identifier), attrs=kept)
    content: dict[str, Any] = {}
    if inner is not None:
        content = {_KINDS[type(inner)]: go_struct(inner)}
    if isinstance(inner, llb.FileOp):
        content["file"] = {"actions": [_action(action) for action in inner.actions]}
    out: dict[str, Any] = {"Op": content}
    rest = go_struct(replace(op, inputs=(), op=None))
    return out | {key: rest[key] for key in ("platform", "constraints") if key in rest}


def _action(action: llb.FileAction) -> dict[str, Any]:
    plain = go_struct(action)
    wrapped = plain.get("Action") or {}
    return {
        "input": action.input,
        "secondaryInput": action.secondary_input,
        "output": action.output,
        "Action": {name.lower(): value for name, value in wrapped.items()},
    }
