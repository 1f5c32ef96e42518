"""A plan: what a build needs, before it runs; and the run."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from builder.api.contexts import RemoteContext, opened
from builder.api.errors import BuildError, RequestError
from builder.api.frontend import Frontend
from builder.api.inputs import BuildFiles
from builder.api.request import BuildRequest
from builder.api.work import Work
from builder.engine.lazy import Stack
from builder.engine.state import State
from builder.errors import BuilderError
from builder.events import Emit
from builder.exporters import ExportContext, Exported, ExportInput, Layer, Output, export
from builder.exporters.types import PlatformImage
from builder.frontend.dockerfile import Conversion, DockerfileError, ImageUse
from builder.llb.definition import Definition
from builder.oci import reference as references
from builder.oci.digest import Digest
from builder.oci.reference import InvalidReference, Reference
from builder.ops.results import Tree
from builder.ops.threads import in_thread
from builder.registry import RetryPolicy, Session
from builder.snapshot.chains import LayerForm
from builder.solver.errors import SolveError
from builder.solver.verdict import CacheVerdict


@dataclass(frozen=True, slots=True)
class BuildResult:
    """``digest`` is that of the image's manifest or index, None where none was made.

    ``response`` has BuildKit's exporter keys. ``names`` are those now in the local store.
    """

    digest: Digest | None
    response: Mapping[str, str]
    names: tuple[str, ...]
    notices: tuple[str, ...] = ()
    verdicts: Sequence[CacheVerdict] = field(default=(), repr=False)


_OF_LAYERS = ("image", "oci", "docker", "cacheonly")
"""Outputs that read no files."""


class Plan:
    """One build, planned. Made by ``open_plan``."""

    def __init__(
        self,
        request: BuildRequest,
        files: BuildFiles,
        state: State,
        session: Session,
        work: Work,
        remote: RemoteContext | None = None,
    ) -> None:
        self.request = request
        self.session = session
        self._files = files
        self._state = state
        self._outputs = _outputs(request)
        self._work = work
        self._frontend = Frontend(request, files, work, remote)
        self._references = self._frontend.references()
        for output in self._outputs:
            if output.flag("registry.insecure"):
                for name in output.names:
                    session.allow_insecure(references.parse(name).domain)

    @property
    def references(self) -> tuple[ImageUse, ...]:
        """Every image that the build will ask a registry for, as far as the file tells."""
        return tuple(
            use
            for use in self._references
            if self.request.pull or not self._work.images.is_local(use.reference)
        )

    @property
    def push_targets(self) -> tuple[Reference, ...]:
        """Where the result will be pushed to."""
        return tuple(
            references.parse(name)
            for output in self._outputs
            if output.flag("push")
            for name in output.names
        )

    async def run(self, emit: Emit, stdout: Any = None) -> BuildResult:
        """Build and export; ``stdout`` is where ``dest=-`` goes. Raises BuildError."""
        self._work.emit.to(emit)
        try:
            conversion = await self._frontend.convert(emit)
            built = await self._solve(conversion.definition)
            exported = [
                await self._export(output, conversion, built, emit, stdout)
                for output in self._outputs
            ]
        except SolveError as error:
            raise BuildError(str(error), error.cause, error.locations) from error
        except DockerfileError as error:
            raise self._frontend.located(error) from error
        except BuildError:
            raise
        except BuilderError as error:
            raise BuildError(str(error), error) from error
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            raise BuildError(place + (error.strerror or str(error)).lower(), error) from error
        except sqlite3.Error as error:
            raise BuildError(f"state directory {self._state.root}: {error}", error) from error
        return self._result(exported)

    def _result(self, exported: Sequence[Exported]) -> BuildResult:
        response: dict[str, str] = {}
        digest = None
        for each in exported:
            response.update(each.response)
            digest = each.descriptor.digest if each.descriptor is not None else digest
        names = tuple(
            str(references.parse(name))
            for output in self._outputs
            if output.type == "image"
            for name in output.names
        )
        work = self._work
        verdicts = work.engine.solver.verdicts
        return BuildResult(digest, response, names, work.executor.notices, verdicts)

    async def _solve(self, definition: Definition) -> Tree | Stack:
        """A tree, where an output reads one; else layers may do."""
        engine = self._work.engine
        stack = None
        if all(output.type in _OF_LAYERS for output in self._outputs):
            stack = await engine.stack(definition)
        return stack if stack is not None else await engine.solve(definition)

    async def _export(
        self, output: Output, conversion: Conversion, built: Tree | Stack, emit: Emit, stdout: Any
    ) -> Exported:
        epoch = output.epoch(conversion.epoch)
        form = _layer_form(output, epoch)
        base_history = len((conversion.base_config or {}).get("history") or ())
        image = PlatformImage(
            platform=conversion.platform,
            config=conversion.config,
            layers=(),
            tree=lambda: self._view(built),
            base_history=base_history,
        )
        context = ExportContext(
            store=self._state.content,
            tag=self._state.names.put,
            pusher=self.session,
            stdout=stdout,
            epoch=epoch,
            layers=lambda _: self._layers(built, form),
        )
        return await export(output, context, ExportInput((image,)), emit)

    def _view(self, built: Tree | Stack) -> AbstractContextManager[Path]:
        assert isinstance(built, Tree), "no output of layers reads files"
        return self._state.snapshots.view(built.snapshot)

    async def _layers(self, built: Tree | Stack, form: LayerForm) -> tuple[Layer, ...]:
        if isinstance(built, Tree):
            return await self._own_layers(built, form)
        origins, now = self._state.chains.origins, time.time_ns()
        name = built.image.reference.name
        layers = [
            Layer(
                record.descriptor,
                record.diff_id,
                created=now,
                repositories=(name, *origins(record.descriptor.digest)),
                fetch=partial(built.fetch, record, self._work.emit),
            )
            for record in built.records
        ]
        for tree in built.above:
            layers += await self._own_layers(tree, form)
        return tuple(layers)

    async def _own_layers(self, tree: Tree, form: LayerForm) -> tuple[Layer, ...]:
        """Blobs of the whole chain, made side by side where they are missing."""
        chains, snapshots = self._state.chains, self._state.snapshots

        def make(snapshot: str, cancelled: Callable[[], bool]) -> Layer:
            record = chains.layer(snapshot, form, cancelled)
            return Layer(
                record.descriptor,
                record.diff_id,
                created=snapshots.created(snapshot),
                repositories=chains.origins(record.descriptor.digest),
            )

        async def made(snapshot: str) -> Layer:
            return await in_thread(lambda cancelled: make(snapshot, cancelled))

        # All of them to their ends, also where one fails: they use what is closed after this.
        making = (made(each) for each in chains.ancestry(tree.snapshot))
        layers = await asyncio.gather(*making, return_exceptions=True)
        for layer in layers:
            if isinstance(layer, BaseException):
                raise layer
        return tuple(layer for layer in layers if isinstance(layer, Layer))


def _layer_form(output: Output, epoch: int | None) -> LayerForm:
    """How an output wants the layers that this build makes."""
    level = output.attributes.get("compression-level")
    return LayerForm(
        output.attributes.get("compression") or "gzip",
        int(level) if level else None,
        epoch if output.flag("rewrite-timestamp") else None,
    )


def _outputs(request: BuildRequest) -> tuple[Output, ...]:
    """Outputs with their names; without any, the image stays in the local store."""
    for tag in request.tags:
        try:
            reference = references.parse(tag)
        except InvalidReference as error:
            raise RequestError(f"invalid tag {references.quoted(tag)}: {error.why}") from error
        if reference.digest is not None:
            raise RequestError(f"invalid tag {references.quoted(tag)}: a tag has no digest")
    names = ",".join(request.tags)
    outputs = request.outputs or (Output("image", "", {}),)
    named = []
    for output in outputs:
        attributes = dict(output.attributes)
        if output.type in ("image", "oci", "docker") and names and not output.names:
            attributes["name"] = names
        if output.flag("push") and not attributes.get("name"):
            raise RequestError(
                "tag is needed when pushing to registry", hint="name the image with -t"
            )
        named.append(Output(output.type, output.dest, attributes))
    return tuple(named)


@asynccontextmanager
async def open_plan(
    request: BuildRequest, *, policy: RetryPolicy | None = None
) -> AsyncIterator[Plan]:
    """Read the Dockerfile, open the state directory and a registry session.

    Raises RequestError; BuildError for a Dockerfile that is none; what the stores raise.
    """
    async with opened(request, policy) as here:
        yield Plan(request, here.files, here.state, here.session, here.work, here.remote)
