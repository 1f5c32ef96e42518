"""Solves a definition on this machine: the solver, with an op for every vertex."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from builder.engine.lazy import Spine, Stack, look, show, spine_of
from builder.engine.sourcing import Inputs, Sourcing
from builder.engine.state import State
from builder.engine.tracenames import trace_names
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
from builder.ops.sourceop import GitOperation, HttpOperation
from builder.solver.cachestore import CacheStore
from builder.solver.scheduler import Solver
from builder.solver.types import Edge, Op, Vertex
from builder.sources.image import FoundImage, PinnedImage
from builder.sources.kept import KeptTrees

if TYPE_CHECKING:
    from builder.cache.contents import Solved
    from builder.cache.remote import RemoteResults


class Caches(Struct, frozen=True):
    """Where an engine looks steps up: records, and the results of imported ones."""

    store: CacheStore
    remote: RemoteResults


class _Results:
    """Trees of earlier builds, and of imported caches (the solver's ResultStore)."""

    def __init__(self, trees: TreeStore, remote: RemoteResults) -> None:
        self._trees = trees
        self._remote = remote

    async def load(self, id: str) -> Tree | None:
        if id not in self._remote.results:
            return await self._trees.load(id)
        return Tree.of(await self._remote.load(id))


class _Lazy(Struct, frozen=True):
    """A result whose image has not been unpacked."""

    spine: Spine
    origin: PinnedImage
    found: FoundImage


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
        caches: Caches | None = None,
    ) -> None:
        self._state = state
        self._entitlements = entitlements
        self._sources = Sourcing(
            inputs, state.snapshots, KeptTrees(state.root / "contexts", state.run)
        )
        self._policy = inputs.policy
        self._remote: dict[str, GitOperation | HttpOperation] = {}
        self._exec = ExecContext(
            state.snapshots,
            executor,
            CacheMounts(state.root / "caches", state.snapshots),
            inputs.secrets,
            inputs.agents,
            inputs.run_ca,
            inputs.resources,
        )
        self._emit = emit
        self._max_parallelism = max_parallelism
        self._store: CacheStore = caches.store if caches is not None else state.cache
        trees = TreeStore(state.snapshots)
        self._results = _Results(trees, caches.remote) if caches is not None else trees
        self._names = trace_names(inputs.scope)
        self.solver = self._new_solver()

    async def solve(self, definitions: Sequence[Definition]) -> list[Tree]:
        """The tree that each definition describes; what they share is made once.

        Raises SolveError, LLBError.
        """
        graphs = [graph.load(definition) for definition in definitions if definition.def_]
        edges = [cast("Edge", each.result) for each in graphs]
        made = iter(await self._solve(self.solver, edges))
        return [next(made) if definition.def_ else Tree.of(None) for definition in definitions]

    async def solve_layers(self, definitions: Sequence[Definition]) -> list[Tree | Stack]:
        """As ``solve``, for those who read no files: a Stack where a result stands on an
        image that nothing else reads and that is not unpacked here.

        Raises SolveError, LLBError.
        """
        started = time.time()
        graphs = {n: graph.load(each) for n, each in enumerate(definitions) if each.def_}
        uses = Counter(digest for each in graphs.values() for digest in each.vertices)
        wanted: dict[int, Sequence[Edge]] = {}
        lazy: dict[int, _Lazy] = {}
        for number, each in graphs.items():
            spine = spine_of(each)
            unpacked = None
            if spine is not None and uses[spine.image.digest] == 1:
                unpacked = await self._look(spine)
            if unpacked is not None:
                lazy[number] = unpacked
                wanted[number] = [cast("Edge", edge) for edge in unpacked.spine.above]
            else:
                wanted[number] = [cast("Edge", each.result)]
        made = iter(
            await self._solve(self.solver, [edge for edges in wanted.values() for edge in edges])
        )
        out: list[Tree | Stack] = [Tree.of(None) for _ in definitions]
        for number, edges in wanted.items():
            trees = tuple(next(made) for _ in edges)
            if number not in lazy:
                (out[number],) = trees
                continue
            one = lazy[number]
            show(one.spine, started, self._emit)
            out[number] = Stack(one.found, one.origin, str(one.spine.image.digest), trees)
        return out

    async def _look(self, spine: Spine) -> _Lazy | None:
        """None where nothing is to be saved by leaving the image alone."""
        spec = spine.image.spec
        try:
            origin = self._sources.image(cast("llb.SourceOp", spec.op), spec)
        except BuilderError:
            return None
        found = await look(origin, self._state.chains)
        return _Lazy(spine, origin, found) if found is not None else None

    async def _solve(self, solver: Solver, edges: Sequence[Edge]) -> list[Tree]:
        try:
            results = await solver.solve(edges)
        finally:
            await self._describe(solver)
        return [Tree(result.id) for result in results]

    async def _describe(self, solver: Solver) -> None:
        """Note what made each result, for those who look at what the cache holds."""
        notes = [
            (result.id, vertex.name, _kind(cast("llb.Op", vertex.spec)))
            for vertex, results in solver.made()
            for result in results
            if not (isinstance(result, Tree) and result.received is not None)
        ]
        if notes:
            await self._state.cache.describe(notes)

    async def solved(self, built: Sequence[tuple[Definition, Tree]]) -> Solved:
        """All that is known of definitions that were solved, for a cache export."""
        from builder.cache.contents import Solved

        full = [(definition, tree) for definition, tree in built if definition.def_]
        edges = [cast("Edge", graph.load(definition).result) for definition, _ in full]
        if not edges:
            return Solved((), frozenset(), ())
        found = [record for edge in edges for record in self.solver.records(edge)]
        records = await self._store.closure(found)
        snapshots = tuple(tree.snapshot for _, tree in full)
        return Solved(records, self.solver.solved(), snapshots)

    async def aclose(self) -> None:
        """Discard what only this build could use. Its result has been exported by then."""
        await self._sources.aclose()

    def pins(self) -> Mapping[str, str]:
        """What downloads and repositories have led to, by the digest of their op: the digest
        of the file, the id of the commit."""
        return {digest: op.pin for digest, op in self._remote.items() if op.pin}

    def _op(self, vertex: Vertex) -> Op:
        spec = cast("llb.Op", vertex.spec)
        inner, count = spec.op, len(spec.inputs)
        if isinstance(inner, llb.SourceOp):
            made = self._sources.op(inner, spec)
            if isinstance(made, GitOperation | HttpOperation):
                self._remote[vertex.digest] = made
            return made
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
        edge = cast("Edge", graph.load(self._policy.apply(definition)).result)
        (tree,) = await self._solve(self._new_solver(), [edge])
        return tree

    def _new_solver(self) -> Solver:
        return Solver(
            *(self._op, self._store, self._results, self._emit),
            self._max_parallelism,
            self._names,
        )

    def _check_entitled(self, op: llb.ExecOp) -> None:
        """What weakens the sandbox must have been allowed by whoever asked for the build."""
        wanted = {
            "network.host": op.network == llb.NetMode.HOST,
            "security.insecure": op.security == llb.SecurityMode.INSECURE,
        }
        for name, needed in wanted.items():
            if needed and name not in self._entitlements:
                raise OpError(f"{name} is not allowed", hint=f"allow it with --allow {name}")


def _kind(spec: llb.Op) -> str:
    """BuildKit's type of the record that an op makes."""
    if isinstance(spec.op, llb.SourceOp):
        return {"git": "source.git.checkout", "http": "source.http", "https": "source.http"}.get(
            spec.op.identifier.partition("://")[0], "regular"
        )
    return "regular"
