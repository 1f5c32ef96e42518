"""Solves a definition on this machine: the solver, with an op for every vertex."""

from __future__ import annotations

import time
from typing import cast

from builder.engine.lazy import Stack, look, show, spine_of
from builder.engine.sourcing import Inputs, Sourcing
from builder.engine.state import State
from builder.errors import BuilderError
from builder.events import Emit
from builder.executor.types import Executor
from builder.llb import graph
from builder.llb import ops as llb
from builder.llb.definition import Definition
from builder.ops.buildop import BuildOperation
from builder.ops.cachemounts import CacheMounts
from builder.ops.diff import DiffOperation
from builder.ops.errors import OpError
from builder.ops.execop import ExecContext, ExecOperation
from builder.ops.fileop import FileOperation
from builder.ops.merge import MergeOperation
from builder.ops.results import Tree, TreeStore
from builder.solver.scheduler import Solver
from builder.solver.types import Edge, Op, Vertex


class LocalEngine:
    """One build's engine. ``emit`` takes the events of its vertices."""

    def __init__(
        self,
        state: State,
        executor: Executor,
        inputs: Inputs,
        emit: Emit,
        max_parallelism: int | None = None,
        entitlements: frozenset[str] = frozenset(),
    ) -> None:
        self._state = state
        self._entitlements = entitlements
        self.sources = Sourcing(inputs, state.snapshots)
        self._exec = ExecContext(
            state.snapshots,
            executor,
            CacheMounts(state.root / "caches", state.snapshots),
            inputs.secrets,
            inputs.agents,
        )
        self._emit = emit
        self._max_parallelism = max_parallelism
        self.solver = self._new_solver()

    async def solve(self, definition: Definition) -> Tree:
        """The tree that the definition describes. Raises SolveError, LLBError."""
        if not definition.def_:
            return Tree.of(None)
        edge = graph.load(definition).result
        results = await self.solver.solve([cast("Edge", edge)])
        return Tree(results[0].id)

    async def stack(self, definition: Definition) -> Stack | None:
        """The result as layers of which the image's were not fetched; None where there is
        nothing to be saved by that, and ``solve`` is to be asked.

        For outputs that read no files. Raises SolveError.
        """
        if not definition.def_:
            return None
        spine = spine_of(graph.load(definition))
        if spine is None:
            return None
        started = time.time()
        spec = spine.image.spec
        try:
            origin = self.sources.image(cast("llb.SourceOp", spec.op), spec)
        except BuilderError:
            return None
        found = await look(origin, self._state.chains)
        if found is None:
            return None
        results = await self.solver.solve([cast("Edge", edge) for edge in spine.above])
        show(spine, started, self._emit)
        above = tuple(Tree(result.id) for result in results)
        return Stack(found, origin, str(spine.image.digest), above)

    async def aclose(self) -> None:
        """Discard what only this build could use. Its result has been exported by then."""
        await self.sources.aclose()

    def _op(self, vertex: Vertex) -> Op:
        spec = cast("llb.Op", vertex.spec)
        inner, count = spec.op, len(spec.inputs)
        if isinstance(inner, llb.SourceOp):
            return self.sources.op(inner, spec)
        if isinstance(inner, llb.ExecOp):
            self._check_entitled(inner)
            return ExecOperation(inner, spec.platform, count, self._exec)
        if isinstance(inner, llb.FileOp):
            return FileOperation(inner, count, self._state.snapshots)
        if isinstance(inner, llb.MergeOp):
            return MergeOperation(inner, count, self._state.chains)
        if isinstance(inner, llb.DiffOp):
            return DiffOperation(inner, count, self._state.chains)
        if isinstance(inner, llb.BuildOp):
            return BuildOperation(inner, count, self._state.snapshots, self._solve_within)
        raise OpError(f"{type(inner).__name__} is not supported by the local engine")

    async def _solve_within(self, definition: Definition) -> Tree:
        """A definition that a step of this build wants solved. The step holds its place among
        those that may run at once: so there is a solver of its own for what it waits for."""
        if not definition.def_:
            return Tree.of(None)
        solver = self._new_solver()
        results = await solver.solve([cast("Edge", graph.load(definition).result)])
        return Tree(results[0].id)

    def _new_solver(self) -> Solver:
        store = TreeStore(self._state.snapshots)
        return Solver(self._op, self._state.cache, store, self._emit, self._max_parallelism)

    def _check_entitled(self, op: llb.ExecOp) -> None:
        """What weakens the sandbox must have been allowed by whoever asked for the build."""
        wanted = {
            "network.host": op.network == llb.NetMode.HOST,
            "security.insecure": op.security == llb.SecurityMode.INSECURE,
        }
        for name, needed in wanted.items():
            if needed and name not in self._entitlements:
                raise OpError(f"{name} is not allowed", hint=f"allow it with --allow {name}")
