"""The caches of a build: what ``--cache-from`` brings, what ``--cache-to`` takes away."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence

from builder.api.request import BuildRequest
from builder.api.steps import step
from builder.cache.contents import CacheCollector, Solved
from builder.cache.importing import ImportedCache, import_cache
from builder.cache.layered import LayeredCacheStore
from builder.cache.manifest import INLINE_KEY
from builder.cache.options import CacheOption
from builder.cache.remote import RemoteResults
from builder.cache.writing import title, write_cache
from builder.engine.local import Caches
from builder.engine.state import State
from builder.errors import BuilderError
from builder.events import Emit
from builder.exporters.progress import ExportProgress
from builder.oci.digest import Digest
from builder.registry import Session
from builder.snapshot.chains import LayerForm


class BuildCaches:
    """The caches of one build."""

    def __init__(self, request: BuildRequest, state: State, session: Session) -> None:
        self._imports = request.cache_from
        self._exports = [option for option in request.cache_to if option.type != "inline"]
        self.inline = any(option.type == "inline" for option in request.cache_to)
        self._session = session
        self._remote = RemoteResults(state.content, state.chains)
        self._store = LayeredCacheStore(state.cache)
        self._collector = CacheCollector(state.content, state.chains, state.snapshots, self._remote)

    @property
    def looked_up(self) -> Caches:
        """What an engine goes by. Imports are in it once ``load`` has read them."""
        return Caches(self._store, self._remote)

    async def load(self, emit: Emit) -> None:
        """Read what is to be imported. One that cannot be read is shown, and done without."""
        found = await asyncio.gather(*(self._import(option, emit) for option in self._imports))
        for cache in found:
            if cache is not None:
                self._remote.add(cache.results)
                self._store.add(cache.records)

    async def _import(self, option: CacheOption, emit: Emit) -> ImportedCache | None:
        place = option.place if option.type == "registry" else f"{option.type}:{option.place}"
        try:
            with step(emit, f"importing cache manifest from {place}"):
                return await import_cache(option, self._session)
        except BuilderError:
            return None

    async def records(
        self, solved: Solved, form: LayerForm, layers: Sequence[Digest]
    ) -> Mapping[str, str]:
        """What the config of an image with these layers tells; nothing where nothing can be
        kept."""
        contents = await self._collector.collect(solved, form, everything=False)
        records = contents.config.dumps_inline(layers)
        return {INLINE_KEY: base64.b64encode(records).decode()} if records else {}

    async def export(self, solved: Solved, emit: Emit) -> Mapping[str, str]:
        """Write all exports; what they answer. Raises BuilderError unless it may be ignored."""
        answers: dict[str, str] = {}
        for option in self._exports:
            try:
                answers.update(await self._export(option, solved, emit))
            except BuilderError:
                if not option.flag("ignore-error"):
                    raise
        return answers

    async def _export(self, option: CacheOption, solved: Solved, emit: Emit) -> Mapping[str, str]:
        progress = ExportProgress(emit, title(option), key=f"{title(option)} {option.place}")
        with progress.running():
            with progress.step("preparing build cache for export"):
                form = _form(option)
                contents = await self._collector.collect(solved, form, everything=option.everything)
            manifest = await write_cache(option, contents, self._session, progress)
        return {} if manifest is None else {"cache.manifest": json.dumps(manifest.to_json())}

    async def aclose(self) -> None:
        await self._remote.aclose()


def _form(option: CacheOption) -> LayerForm:
    level = option.attributes.get("compression-level")
    return LayerForm(
        option.attributes.get("compression") or "gzip",
        int(level) if level else None,
        force=option.flag("force-compression"),
    )
