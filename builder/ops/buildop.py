"""Build ops: a definition that an earlier step has written, solved (``ops/build.go``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from builder.llb import ops as llb
from builder.llb.definition import Definition
from builder.llb.errors import LLBError
from builder.llb.jsonform import go_struct
from builder.oci import gojson
from builder.oci.digest import Digest
from builder.ops.errors import OpError
from builder.ops.results import Tree
from builder.ops.threads import in_thread
from builder.snapshot import paths
from builder.snapshot.types import Snapshotter
from builder.solver.types import CacheMap, InputKey, Job, Result

_INPUT = "buildkit.llb.definition"
"""The input that has the definition, and the file in it where no other is named."""
_FILENAME = "llbbuild.filename"
_LLB = -1
_LIMIT = 64 << 20

Solve = Callable[[Definition], Awaitable[Tree]]
"""Solves a definition within the build, with its sources, secrets and permissions."""


class BuildOperation:
    """Its result is that of the definition in the file."""

    def __init__(self, op: llb.BuildOp, inputs: int, snapshots: Snapshotter, solve: Solve) -> None:
        if op.builder != _LLB:
            raise OpError("only LLB builder is currently allowed")
        if _INPUT not in op.inputs:
            raise OpError(f"no llb definition input {_INPUT} found")
        if not 0 <= op.inputs[_INPUT].input < inputs:
            raise OpError(f"invalid index {op.inputs[_INPUT].input}")
        self._op = op
        self._inputs = inputs
        self._snapshots = snapshots
        self._solve = solve

    async def cache_map(self, job: Job) -> CacheMap:
        key = {"Type": "buildkit.build.v0", "Exec": go_struct(self._op)}
        return CacheMap(
            digest=Digest.of(gojson.dumps(key)),
            inputs=tuple(InputKey() for _ in range(self._inputs)),
            describe={"instruction": job.vertex.name},
        )

    async def execute(self, job: Job, inputs: Sequence[Result]) -> Sequence[Result]:
        tree = Tree(inputs[self._op.inputs[_INPUT].input].id)
        data = await in_thread(lambda _: self._read(tree))
        try:
            definition = Definition.decode(data)
            return [await self._solve(definition)]
        except LLBError as error:
            raise OpError(f"failed to parse llb proto definition: {error}") from error

    def _read(self, tree: Tree) -> bytes:
        name = self._op.attrs.get(_FILENAME) or _INPUT
        with self._snapshots.view(tree.snapshot) as root:
            data = paths.read_regular(str(root), name, _LIMIT + 1)
        if data is None:
            raise OpError(f"failed to open {name}: not a regular file")
        if len(data) > _LIMIT:
            raise OpError(f"{name} is larger than {_LIMIT >> 20} MiB")
        return data
