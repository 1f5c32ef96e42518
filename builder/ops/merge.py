"""Merge ops: the layers of several inputs laid over one another (COPY --link)."""

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


class MergeOperation:
    """Puts each input's own layers, as they are, on top of what came before."""

    def __init__(self, op: llb.MergeOp, inputs: int, chains: Chains) -> None:
        self._op = op
        self._inputs = inputs
        self._chains = chains

    async def cache_map(self, job: Job) -> CacheMap:
        key = {"Type": "buildkit.merge.v0", "Merge": go_struct(self._op)}
        return CacheMap(
            digest=Digest.of(gojson.dumps(key)),
            inputs=tuple(InputKey() for _ in range(self._inputs)),
            describe={"instruction": job.vertex.name},
        )

    async def execute(self, job: Job, inputs: Sequence[Result]) -> Sequence[Result]:
        for source in self._op.inputs:
            if not 0 <= source.input < len(inputs):
                raise OpError(f"invalid merge input {source.input}")
        trees = [Tree(inputs[source.input].id) for source in self._op.inputs]
        return [await in_thread(lambda cancelled: self._merge(trees, cancelled))]

    def _merge(self, trees: Sequence[Tree], cancelled: Callable[[], bool]) -> Tree:
        current = trees[0].snapshot if trees else None
        for tree in trees[1:]:
            for snapshot in self._chains.ancestry(tree.snapshot):
                if cancelled():
                    raise OpError("context canceled")
                current = self._chains.copy(current, snapshot, cancelled)
        return Tree.of(current)
