"""From what was built to its outputs: layers when an exporter asks for them, and caches."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from builder.api.attesting import Attesting
from builder.api.request import BuildRequest
from builder.api.work import Work
from builder.engine.lazy import Stack
from builder.engine.state import State
from builder.events import Emit
from builder.exporters import ExportContext, Exported, ExportInput, Layer, Output
from builder.exporters.export import export
from builder.exporters.types import PlatformImage
from builder.frontend.dockerfile import Conversion
from builder.oci.platform import Platform
from builder.ops.results import Tree
from builder.ops.threads import in_thread
from builder.registry import Session
from builder.snapshot.chains import LayerForm

if TYPE_CHECKING:
    from builder.api.caching import BuildCaches
    from builder.cache.contents import Solved
    from builder.transport.enginesocket import Engine

_IMAGES = ("image", "oci", "docker")


class Built(Struct, frozen=True):
    """What was built for one platform."""

    platform: Platform
    conversion: Conversion
    result: Tree | Stack

    @property
    def tree(self) -> Tree:
        """Its files, which it must have."""
        assert isinstance(self.result, Tree), "whoever reads files has asked for them"
        return self.result


class Exporting:
    """Exports what one build has built."""

    def __init__(
        self,
        request: BuildRequest,
        state: State,
        session: Session,
        work: Work,
        attesting: Attesting,
    ) -> None:
        self._request = request
        self._state = state
        self._session = session
        self._work = work
        self._caches = work.caches
        self._attesting = attesting

    def reads_files(self, outputs: Sequence[Output]) -> bool:
        """Whether images whose files no step has read must be unpacked all the same.

        A cache and an SBOM are made of trees; layers can only be compressed anew here; and
        offline, whatever is missing is best said of the step that it is missing for.
        """
        return (
            any(o.type not in (*_IMAGES, "cacheonly") for o in outputs)
            or any(o.flag("force-compression") for o in outputs)
            or any(map(self._attesting.wants_scan, outputs))
            or bool(self._request.cache_to)
            or self._request.offline
        )

    async def export(
        self, output: Output, built: Sequence[Built], emit: Emit, stdout: Any
    ) -> Exported:
        """One output. Raises BuilderError."""
        epoch = output.epoch(built[0].conversion.epoch if built else None)
        form = _layer_form(output, epoch)
        caches = self._caches
        inlining = caches if caches is not None and output.type in _IMAGES else None
        images = tuple(
            [
                PlatformImage(
                    platform=each.platform,
                    config=await self._inlined(inlining, each, form),
                    layers=(),
                    tree=partial(self._view, each),
                    base_history=len((each.conversion.base_config or {}).get("history") or ()),
                )
                for each in built
            ]
        )
        results = {each.platform: each.result for each in built}
        context = ExportContext(
            store=self._state.content,
            tag=self._state.names.put,
            pusher=self._session,
            stdout=stdout,
            epoch=epoch,
            engine=_engine,
            layers=lambda image: self._layers(results[image.platform], form),
        )
        conversions = {each.platform: each.conversion for each in built}
        attest = self._attesting.of(output, conversions)
        index = self._request.multi_platform
        return await export(output, context, ExportInput(images, index, attest), emit)

    async def export_caches(self, built: Sequence[Built], emit: Emit) -> Mapping[str, str]:
        """What the exports answer. Raises BuilderError."""
        if self._caches is None or not self._request.cache_to:
            return {}
        return await self._caches.export(await self._solved(*built), emit)

    async def _inlined(
        self, caches: BuildCaches | None, built: Built, form: LayerForm
    ) -> Mapping[str, Any]:
        """The image config, with the cache records that fit its layers where they are wanted."""
        if caches is None or not caches.inline:
            return built.conversion.config
        layers = [layer.descriptor.digest for layer in await self._layers(built.tree, form)]
        records = await caches.records(await self._solved(built), form, layers)
        return {**built.conversion.config, **records}

    async def _solved(self, *built: Built) -> Solved:
        parts = [(each.conversion.definition, each.tree) for each in built]
        return await self._work.engine.solved(parts)

    def _view(self, built: Built) -> AbstractContextManager[Path]:
        return self._state.snapshots.view(built.tree.snapshot)

    async def _layers(self, built: Tree | Stack, form: LayerForm) -> tuple[Layer, ...]:
        if isinstance(built, Tree):
            return await self._own_layers(built, form)
        built.origin.source.note_origin(built.image)
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


def _engine() -> Engine:
    from builder.transport.enginesocket import find_engine

    return find_engine(os.environ)


def _layer_form(output: Output, epoch: int | None) -> LayerForm:
    """How an output wants the layers that this build makes."""
    level = output.attributes.get("compression-level")
    return LayerForm(
        output.attributes.get("compression") or "gzip",
        int(level) if level else None,
        epoch if output.flag("rewrite-timestamp") else None,
        output.flag("force-compression"),
    )
