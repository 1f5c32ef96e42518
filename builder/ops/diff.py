"""Diff ops: what one tree has changed against another, as layers of its own (``ops/diff.go``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from builder.llb import ops as llb
from builder.llb.jsonform import go_struct
from builder.oci import gojson
from builder.oci.digest import Digest
from builder.ops.errors import OpError
from builder.ops.results import Tree
from builder.ops.threads import in_thread
from builder.snapshot.chains import Chains
from builder.solver.types import CacheMap, InputKey, Job, Result


class DiffOperation:
    """Where upper stands on lower, the layers between them as they are; else one new layer.

    What upper lacks is deleted by the result where that is merged over something.
    """

    def __init__(self, op: llb.DiffOp, inputs: int, chains: Chains) -> None:
        self._op = op
        self._inputs = inputs
        self._chains = chains
        self._lower = op.lower.input if op.lower is not None else llb.NO_INPUT
        self._upper = op.upper.input if op.upper is not None else llb.NO_INPUT
        for side, number in (("lower", self._lower), ("upper", self._upper)):
            if number != llb.NO_INPUT and not 0 <= number < inputs:
                raise OpError(
                    f"invalid {side} input index {number} for diff op with {inputs} inputs"
                )

    async def cache_map(self, job: Job) -> CacheMap:
        key = {"Type": "buildkit.diff.v0", "Diff": go_struct(self._op)}
        return CacheMap(
            digest=Digest.of(gojson.dumps(key)),
            inputs=tuple(InputKey() for _ in range(self._inputs)),
            describe={"instruction": job.vertex.name},
        )

    async def execute(self, job: Job, inputs: Sequence[Result]) -> Sequence[Result]:
        lower, upper = (
            Tree(inputs[number].id).snapshot if number != llb.NO_INPUT else None
            for number in (self._lower, self._upper)
        )
        return [await in_thread(lambda cancelled: self._diff(lower, upper, cancelled))]

    def _diff(self, lower: str | None, upper: str | None, cancelled: Callable[[], bool]) -> Tree:
        if lower is None or lower == upper:
            return Tree.of(upper if lower is None else None)
        below, above = self._chains.ancestry(lower), self._chains.ancestry(upper)
        if above[: len(below)] == below:
            between = [self._chains.layer(id, cancelled=cancelled) for id in above[len(below) :]]
        else:
            between = [self._chains.difference(lower, upper, cancelled)]
        current: str | None = None
        for layer in between:
            current = self._chains.apply(current, layer, cancelled)
        return Tree.of(current)
