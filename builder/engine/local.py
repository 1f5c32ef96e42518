"""Solves a definition on this machine: the solver, with an op for every vertex."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from builder.engine.state import State
from builder.engine.tracenames import trace_names
from builder.events import Emit
from builder.executor.types import Executor
from builder.llb import graph
from builder.llb import ops as llb
from builder.llb.definition import Definition
from builder.oci import platform as platforms
from builder.oci import reference as references
from builder.ops.cachemounts import CacheMounts
from builder.ops.errors import OpError
from builder.ops.execop import ExecContext, ExecOperation
from builder.ops.fileop import FileOperation
from builder.ops.merge import MergeOperation
from builder.ops.results import Tree, TreeStore
from builder.ops.secrets import Secrets
from builder.ops.sourceop import ImageOperation, LocalOperation
from builder.solver.cachestore import CacheStore
from builder.solver.scheduler import Solver
from builder.solver.types import Edge, Op, Vertex
from builder.sources.image import ImageSource, PinnedImage
from builder.sources.local import LocalTree

if TYPE_CHECKING:
    from builder.cache.contents import Solved
    from builder.cache.remote import RemoteResults

_IMAGE = "docker-image://"
_LOCAL = "local://"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a build brings along: directories by name, secrets, images."""

    images: ImageSource
    directories: Mapping[str, Path]
    secrets: Secrets
    session: str
    scope: str = ""
    """Which Dockerfile it is, to compare a build with the one before."""


@dataclass(frozen=True, slots=True)
class Caches:
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
        self._inputs = inputs
        self._locals: list[LocalTree] = []
        self._exec = ExecContext(
            state.snapshots,
            executor,
            CacheMounts(state.root / "caches", state.snapshots),
            inputs.secrets,
        )
        self._store: CacheStore = caches.store if caches is not None else state.cache
        trees = TreeStore(state.snapshots)
        self.solver = Solver(
            self._op,
            self._store,
            _Results(trees, caches.remote) if caches is not None else trees,
            emit,
            max_parallelism,
            trace_names(inputs.scope),
        )

    async def solve(self, definition: Definition) -> Tree:
        """The tree that the definition describes. Raises SolveError, LLBError."""
        if not definition.def_:
            return Tree.of(None)
        edge = graph.load(definition).result
        try:
            results = await self.solver.solve([cast("Edge", edge)])
        finally:
            await self._describe()
        return Tree(results[0].id)

    async def _describe(self) -> None:
        """Note what made each result, for those who look at what the cache holds."""
        notes = [
            (result.id, vertex.name, _kind(cast("llb.Op", vertex.spec)))
            for vertex, results in self.solver.made()
            for result in results
            if not (isinstance(result, Tree) and result.received)
        ]
        if notes:
            await self._state.cache.describe(notes)

    async def solved(self, definition: Definition, tree: Tree) -> Solved:
        """All that is known of a definition that was solved, for a cache export."""
        from builder.cache.contents import Solved

        if not definition.def_:
            return Solved((), frozenset(), ())
        edge = cast("Edge", graph.load(definition).result)
        records = await self._store.closure(self.solver.records(edge))
        return Solved(records, self.solver.solved(), (tree.snapshot,))

    async def aclose(self) -> None:
        """Discard what only this build could use. Its result has been exported by then."""
        for tree in self._locals:
            await asyncio.to_thread(tree.discard)

    def _op(self, vertex: Vertex) -> Op:
        spec = cast("llb.Op", vertex.spec)
        inner, count = spec.op, len(spec.inputs)
        if isinstance(inner, llb.SourceOp):
            return self._source(inner, spec)
        if isinstance(inner, llb.ExecOp):
            self._check_entitled(inner)
            return ExecOperation(inner, spec.platform, count, self._exec)
        if isinstance(inner, llb.FileOp):
            return FileOperation(inner, count, self._state.snapshots)
        if isinstance(inner, llb.MergeOp):
            return MergeOperation(inner, count, self._state.chains)
        raise OpError(f"{type(inner).__name__} is not supported by the local engine")

    def _check_entitled(self, op: llb.ExecOp) -> None:
        """What weakens the sandbox must have been allowed by whoever asked for the build."""
        wanted = {
            "network.host": op.network == llb.NetMode.HOST,
            "security.insecure": op.security == llb.SecurityMode.INSECURE,
        }
        for name, needed in wanted.items():
            if needed and name not in self._entitlements:
                raise OpError(f"{name} is not allowed", hint=f"allow it with --allow {name}")

    def _source(self, op: llb.SourceOp, spec: llb.Op) -> Op:
        if op.identifier.startswith(_IMAGE):
            reference = references.parse(op.identifier[len(_IMAGE) :])
            platform = spec.platform or platforms.host()
            return ImageOperation(PinnedImage(self._inputs.images, reference, platform))
        if op.identifier.startswith(_LOCAL):
            name = op.identifier[len(_LOCAL) :]
            directory = self._inputs.directories.get(name)
            if directory is None:
                raise OpError(f"no local source {name!r} in this build")
            tree = LocalTree(
                name=name,
                root=directory,
                follow=_list(op.attrs, "local.followpaths"),
                include=_list(op.attrs, "local.includepattern"),
                exclude=_list(op.attrs, "local.excludepatterns"),
                snapshots=self._state.snapshots,
                session=self._inputs.session,
            )
            self._locals.append(tree)
            return LocalOperation(tree)
        scheme = op.identifier.partition("://")[0]
        raise OpError(f"sources of kind {scheme}:// are not supported yet")


def _kind(spec: llb.Op) -> str:
    """BuildKit's type of the record that an op makes."""
    if isinstance(spec.op, llb.SourceOp):
        return {"git": "source.git.checkout", "http": "source.http", "https": "source.http"}.get(
            spec.op.identifier.partition("://")[0], "regular"
        )
    return "regular"


def _list(attrs: Mapping[str, str], name: str) -> tuple[str, ...]:
    text = attrs.get(name)
    if not text:
        return ()
    try:
        value: Any = json.loads(text)
    except ValueError as error:
        raise OpError(f"invalid {name}: {text!r}") from error
    if not isinstance(value, list):
        raise OpError(f"invalid {name}: {text!r}")
    return tuple(str(item) for item in value)
