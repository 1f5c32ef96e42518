"""Solves a definition on this machine: the solver, with an op for every vertex."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from builder.engine.state import State
from builder.events import Emit
from builder.executor.lentca import RunCa
from builder.executor.types import Executor, Resources
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
from builder.solver.scheduler import Solver
from builder.solver.types import Edge, Op, Vertex
from builder.sources.image import ImageSource, PinnedImage
from builder.sources.local import LocalTree

_IMAGE = "docker-image://"
_LOCAL = "local://"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a build brings along: directories by name, secrets, images."""

    images: ImageSource
    directories: Mapping[str, Path]
    secrets: Secrets
    session: str
    run_ca: RunCa | None = None
    resources: Resources = Resources()  # noqa: RUF009 - frozen


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
        self._inputs = inputs
        self._locals: list[LocalTree] = []
        self._exec = ExecContext(
            state.snapshots,
            executor,
            CacheMounts(state.root / "caches", state.snapshots),
            inputs.secrets,
            inputs.run_ca,
            inputs.resources,
        )
        self.solver = Solver(
            self._op, state.cache, TreeStore(state.snapshots), emit, max_parallelism
        )

    async def solve(self, definitions: Sequence[Definition]) -> list[Tree]:
        """The tree that each definition describes; what they share is made once.

        Raises SolveError, LLBError.
        """
        edges = {
            number: cast("Edge", graph.load(definition).result)
            for number, definition in enumerate(definitions)
            if definition.def_
        }
        results = await self.solver.solve(list(edges.values())) if edges else []
        trees = dict(zip(edges, (Tree(result.id) for result in results), strict=True))
        return [trees.get(number, Tree.of(None)) for number in range(len(definitions))]

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
