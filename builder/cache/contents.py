"""What an exported cache holds: records of a build, and the layers of their results."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from builder.cache.cacheconfig import CacheConfig, Layer, from_records
from builder.cache.manifest import CREATED, DIFF_ID
from builder.cache.remote import DirectoryOrigin, RemoteChain, RemoteResults
from builder.content import ContentStore
from builder.exporters.gotime import format_time
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.ops.threads import in_thread
from builder.snapshot.chains import Chains, LayerForm, LayerRecord
from builder.snapshot.types import Snapshotter
from builder.solver.cachestore import Record

_PARALLEL = 4
Content = Callable[[], AsyncIterator[bytes]]


class Blob(Struct, frozen=True):
    """A layer of the cache: ``repositories`` (``domain/path``) are known to have it."""

    descriptor: Descriptor
    content: Content
    repositories: tuple[str, ...] = ()


class CacheContents(Struct, frozen=True):
    """The configuration, and its layers by digest."""

    config: CacheConfig
    blobs: Mapping[Digest, Blob]


class Solved(Struct, frozen=True):
    """A solved build, as an export sees it.

    ``records`` are all that lead to its result, of which those in ``own`` stand for vertices
    of this build: their results go along, others are only stepping stones. ``images`` are
    the snapshots of its results, one a platform; None for an empty one.
    """

    records: Sequence[Record]
    own: Collection[str]
    images: Sequence[str | None]


class CacheCollector:
    """Collects the caches of one build. Layers that are missing are made."""

    def __init__(
        self, store: ContentStore, chains: Chains, snapshots: Snapshotter, remote: RemoteResults
    ) -> None:
        self._store = store
        self._chains = chains
        self._snapshots = snapshots
        self._remote = remote

    async def collect(self, solved: Solved, form: LayerForm, *, everything: bool) -> CacheContents:
        """The records with their results: of every step, or as far as the image has them.

        Raises SnapshotError, ContentError.
        """
        newest: dict[str, str] = {}
        for record in solved.records:
            if record.id in solved.own and record.links and record.results:
                newest[record.id] = max(record.results, key=lambda result: result.created).id
        found = await self._chains_of(set(newest.values()), solved.images, form, everything)
        kept = [
            replace(r, results=tuple(s for s in r.results if s.id == newest.get(r.id)))
            for r in solved.records
        ]
        config = from_records(
            kept,
            {id: tuple(Layer(b.descriptor.digest) for b in blobs) for id, blobs in found.items()},
        )
        blobs = {b.descriptor.digest: b for chain in found.values() for b in chain}
        return CacheContents(config, {digest: blobs[digest] for digest in config.blobs()})

    async def _chains_of(
        self,
        results: Iterable[str],
        images: Sequence[str | None],
        form: LayerForm,
        everything: bool,
    ) -> dict[str, Sequence[Blob]]:
        """The layers of results, by result; those that are gone are left out."""
        image: dict[Digest | None, _Made] = {}
        for snapshot in images:
            made = await self._made(self._chains.ancestry(snapshot), form)
            image.update((layer.diff_id, layer) for layer in made)
        found: dict[str, Sequence[Blob]] = {}
        for id in results:
            remote = self._remote.results.get(id)
            if remote is not None:
                if everything or all(layer.diff_id in image for layer in remote.layers):
                    found[id] = [self._elsewhere(remote, layer) for layer in remote.layers]
                continue
            if not id.isdecimal() or not self._snapshots.exists(id):
                continue
            parts = self._chains.ancestry(id)
            if everything:
                found[id] = [self._here(layer) for layer in await self._made(parts, form)]
                continue
            known = [self._chains.diff_id(part) for part in parts]
            if all(diff_id in image for diff_id in known):
                found[id] = [self._here(image[diff_id]) for diff_id in known if diff_id]
        return found

    async def _made(self, snapshots: Sequence[str], form: LayerForm) -> list[_Made]:
        gate = asyncio.Semaphore(_PARALLEL)

        async def one(snapshot: str) -> _Made:
            async with gate:
                record = await in_thread(
                    lambda cancelled: self._chains.layer(snapshot, form, cancelled)
                )
            return _Made(record.descriptor, record.diff_id, self._snapshots.created(snapshot))

        # All of them to their ends, also where one fails: they use what is closed after this.
        made = await asyncio.gather(*map(one, snapshots), return_exceptions=True)
        for each in made:
            if isinstance(each, BaseException):
                raise each
        return [each for each in made if isinstance(each, _Made)]

    def _here(self, layer: _Made) -> Blob:
        annotations = {DIFF_ID: str(layer.diff_id), CREATED: format_time(layer.created)}
        descriptor = replace(layer.descriptor, annotations=annotations, platform=None)
        content = DirectoryOrigin(self._store.root)
        repositories = self._chains.origins(descriptor.digest)
        return Blob(descriptor, lambda: content.chunks(descriptor), repositories)

    def _elsewhere(self, chain: RemoteChain, layer: LayerRecord) -> Blob:
        descriptor = replace(layer.descriptor, annotations={DIFF_ID: str(layer.diff_id)})
        repositories = (chain.origin.repository,) if chain.origin.repository else ()
        return Blob(descriptor, lambda: self._remote.content(chain, descriptor), repositories)


class _Made(Struct, frozen=True):
    """A layer of a snapshot; ``created`` in nanoseconds since the epoch."""

    descriptor: Descriptor
    diff_id: Digest
    created: int
