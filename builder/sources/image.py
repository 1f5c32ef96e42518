"""``docker-image://``: resolved once for the frontend, pulled and unpacked when needed."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any, Protocol

from msgspec import Struct

from builder.content import ContentStore
from builder.content.names import ImageNames
from builder.events import Emit, StatusEvent
from builder.frontend.dockerfile import ResolvedImage
from builder.oci import manifest as manifests
from builder.oci import mediatypes
from builder.oci import platform as platforms
from builder.oci import reference as references
from builder.oci.descriptor import Descriptor, InvalidDocument
from builder.oci.digest import Digest, InvalidDigest
from builder.oci.manifest import Index, Manifest
from builder.oci.platform import Platform
from builder.oci.reference import InvalidReference, Reference
from builder.snapshot.chains import Chains, LayerRecord, chain_id
from builder.sources.errors import NoMatchingPlatform, SourceError

_CONFIG_LIMIT = 8 << 20
"""Largest image config in bytes that is read."""


class Resolved(Protocol):
    """What a reference stands for."""

    @property
    def descriptor(self) -> Descriptor: ...


class Origin(Protocol):
    """Where images come from: a registry session, or a layout on disk."""

    async def resolve(self, reference: Reference) -> Resolved: ...
    async def fetch_manifest(self, reference: Reference, descriptor: Descriptor) -> bytes: ...
    def fetch_blob(
        self, reference: Reference, descriptor: Descriptor
    ) -> AsyncGenerator[bytes, None]: ...


class FoundImage(Struct, frozen=True):
    """One image for one platform. ``root`` is what the reference names (an index, perhaps)."""

    reference: Reference
    root: Descriptor
    digest: Digest
    manifest: Manifest
    config: bytes


class ImageSource:
    """All images of one build from one origin; each is looked up and fetched once.

    ``names`` are those of the local store, None where the origin's are no registry's: then
    no registry is said to have its blobs either. ``offline``: nobody is asked, and what a
    registry last said of a name holds.
    """

    def __init__(
        self,
        origin: Origin,
        store: ContentStore,
        names: ImageNames | None,
        chains: Chains,
        *,
        pull: bool = False,
        offline: bool = False,
    ) -> None:
        self._origin = origin
        self._store = store
        self._names = names
        self._chains = chains
        self._pull = pull
        self._offline = offline
        self._found: dict[tuple[str, Platform], asyncio.Task[FoundImage]] = {}
        self._fetching: dict[Digest, asyncio.Task[None]] = {}

    async def resolve_image_config(
        self, reference: Reference, platform: Platform, *, log_name: str, mode: str
    ) -> ResolvedImage:
        """What the frontend wants to know of a base image (its MetaResolver)."""
        found = await self.find(reference, platform)
        return ResolvedImage(
            reference=reference.with_digest(found.root.digest),
            digest=found.root.digest,
            config=found.config,
        )

    async def find(self, reference: Reference, platform: Platform) -> FoundImage:
        """The image, without its layers. Raises RegistryError, SourceError."""
        key = (str(reference), platforms.normalize(platform))
        if key not in self._found:
            self._found[key] = asyncio.create_task(self._find(reference, platform))
        found = await asyncio.shield(self._found[key])
        pinned = (str(reference.with_digest(found.root.digest)), key[1])
        self._found.setdefault(pinned, self._found[key])
        return found

    def note_origin(self, found: FoundImage) -> None:
        """Remember where the layers of an image are that nobody fetched: whoever pushes the
        result again has them from there."""
        if self._names is not None:
            for layer in found.manifest.layers:
                self._chains.record_origin(layer.digest, found.reference.name)

    def is_local(self, text: str) -> bool:
        """Whether the local store has an image of that name, so that no registry is asked."""
        if self._names is None:
            return False
        try:
            return self._names.get(str(references.parse(text))) is not None
        except InvalidReference:
            return False

    async def aclose(self) -> None:
        """End look-ups that nobody waits for any more."""
        tasks = [*self._found.values(), *self._fetching.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _find(self, reference: Reference, platform: Platform) -> FoundImage:
        root = None
        if self._names is not None and not self._pull:
            root = self._names.get(str(reference))
        if root is None and self._offline:
            root = self._remembered(reference)
        if root is None:
            resolved = await self._origin.resolve(reference)
            root = resolved.descriptor
            if self._names is not None:
                self._names.put_pulled(str(reference), root)
        document = await self._document(reference, root)
        digest = root.digest
        if isinstance(document, Index):
            chosen = document.select(platform)
            if chosen is None:
                offered = tuple(str(p) for p in document.platforms())
                raise NoMatchingPlatform(str(reference), str(platform), offered)
            digest = chosen.digest
            document = await self._document(reference, chosen)
            if isinstance(document, Index):
                raise SourceError(f"{reference}: an index within an index is not supported")
        config = await self._config(reference, document.config)
        return FoundImage(reference, root, digest, document, config)

    def _remembered(self, reference: Reference) -> Descriptor:
        """What a registry last said of it. Raises SourceError where none was asked."""
        root = self._names.pulled(str(reference)) if self._names is not None else None
        if root is None and reference.digest is not None and self._store.has(reference.digest):
            root = Descriptor("", reference.digest, self._store.size(reference.digest))
        if root is None or not self._store.has(root.digest):
            raise self._absent(reference, root.digest if root is not None else None)
        return root

    def _absent(self, reference: Reference, digest: Digest | None) -> SourceError:
        what = f"{digest} is" if digest is not None else "it is"
        return SourceError(
            f"{reference}: {what} not in the local store, and offline no registry is asked",
            hint="build once without --offline, so that the store has it",
        )

    async def _document(self, reference: Reference, descriptor: Descriptor) -> Manifest | Index:
        if self._store.has(descriptor.digest):
            data = self._store.read(descriptor.digest, manifests.MAX_MANIFEST)
        elif self._offline:
            raise self._absent(reference, descriptor.digest)
        else:
            data = await self._origin.fetch_manifest(reference, descriptor)
            await self._keep(data, descriptor.digest)
        try:
            return manifests.parse(data, descriptor.media_type)
        except InvalidDocument as error:
            raise SourceError(f"{reference}: {error}", hint=error.hint) from error

    async def _config(self, reference: Reference, descriptor: Descriptor) -> bytes:
        if descriptor.media_type not in (mediatypes.OCI_CONFIG, mediatypes.DOCKER_CONFIG):
            raise SourceError(
                f"{reference}: config has media type {descriptor.media_type}: "
                "this is an artifact, not an image"
            )
        if descriptor.size > _CONFIG_LIMIT:
            raise SourceError(f"{reference}: image config of {descriptor.size} bytes is too large")
        await self._fetch(reference, descriptor, lambda current: None)
        return self._store.read(descriptor.digest, _CONFIG_LIMIT)

    async def _keep(self, data: bytes, digest: Digest) -> None:
        async def once() -> Any:
            yield data

        await self._store.ingest(once(), digest, len(data))

    async def _fetch(
        self, reference: Reference, descriptor: Descriptor, progress: Callable[[int], None]
    ) -> None:
        """Bring a blob into the store, once however many ask for it."""
        if self._store.has(descriptor.digest):
            return
        task = self._fetching.get(descriptor.digest)
        if task is None or task.cancelled() or (task.done() and task.exception() is not None):
            task = asyncio.create_task(self._download(reference, descriptor, progress))
            self._fetching[descriptor.digest] = task
        await asyncio.shield(task)

    async def _download(
        self, reference: Reference, descriptor: Descriptor, progress: Callable[[int], None]
    ) -> None:
        if self._offline:
            raise self._absent(reference, descriptor.digest)

        async def counted() -> Any:
            received = 0
            async with aclosing(self._origin.fetch_blob(reference, descriptor)) as chunks:
                async for chunk in chunks:
                    received += len(chunk)
                    progress(received)
                    yield chunk

        await self._store.ingest(counted(), descriptor.digest, descriptor.size)
        if self._names is not None:
            self._chains.record_origin(descriptor.digest, reference.name)

    async def unpack(self, found: FoundImage, emit: Emit, vertex: str) -> str | None:
        """The snapshot of the image's whole file system; None for an image without layers."""
        records = layer_records(found)
        current, present = self._chains.longest([record.diff_id for record in records])
        missing = records[present:]
        fetched = [
            asyncio.create_task(self.fetch_layer(found.reference, record.descriptor, emit, vertex))
            for record in missing
        ]
        try:
            for record, fetching in zip(missing, fetched, strict=True):
                await fetching
                current = await self._apply(current, record, emit, vertex)
        finally:
            for fetching in fetched:
                fetching.cancel()
            await asyncio.gather(*fetched, return_exceptions=True)
        return current

    async def _apply(self, parent: str | None, record: LayerRecord, emit: Emit, vertex: str) -> str:
        started = time.time()
        name = f"extracting {record.descriptor.digest}"
        emit(StatusEvent(vertex, name, timestamp=started, started=started))
        stop = threading.Event()
        apply = asyncio.to_thread(self._chains.apply, parent, record, stop.is_set)
        applying = asyncio.ensure_future(apply)
        try:
            snapshot = await asyncio.shield(applying)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.wait([applying])  # nothing may be taken down under the thread
            if not applying.cancelled():
                applying.exception()
            raise
        now = time.time()
        emit(StatusEvent(vertex, name, "", 0, 0, now, started, now))
        return snapshot

    async def fetch_layer(
        self, reference: Reference, descriptor: Descriptor, emit: Emit, vertex: str
    ) -> None:
        """Bring a layer into the store, shown as a part of ``vertex``. Raises RegistryError."""
        started = time.time()
        id, total = str(descriptor.digest), descriptor.size

        def progress(current: int) -> None:
            emit(StatusEvent(vertex, id, "", current, total, time.time(), started))

        progress(0)
        await self._fetch(reference, descriptor, progress)
        now = time.time()
        emit(StatusEvent(vertex, id, "", total, total, now, started, now))


def layer_records(found: FoundImage) -> Sequence[LayerRecord]:
    """Layers with their diff IDs, which the config must have, one each."""
    try:
        document = json.loads(found.config)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{found.reference}: invalid image config: {error}") from error
    rootfs = document.get("rootfs") if isinstance(document, dict) else None
    texts = (rootfs.get("diff_ids") if isinstance(rootfs, dict) else None) or []
    if not isinstance(texts, list):
        raise SourceError(f"{found.reference}: invalid image config: diff_ids is not a list")
    try:
        diff_ids = [Digest(str(text)) for text in texts]
    except InvalidDigest as error:
        raise SourceError(f"{found.reference}: invalid image config: {error}") from error
    layers = found.manifest.layers
    if len(diff_ids) != len(layers):
        raise SourceError(
            f"{found.reference}: mismatched image rootfs and manifest layers: "
            f"{len(diff_ids)} diff IDs, {len(layers)} layers"
        )
    return [LayerRecord(layer, diff) for layer, diff in zip(layers, diff_ids, strict=True)]


class PinnedImage(Struct, frozen=True):
    """An image source of the graph: a reference (with digest, as a rule) for a platform."""

    source: ImageSource
    reference: Reference
    platform: Platform

    async def root(self) -> Descriptor:
        return (await self.source.find(self.reference, self.platform)).root

    async def chain(self) -> str:
        """The chain ID of its layers, empty where it has none."""
        found = await self.source.find(self.reference, self.platform)
        return chain_id([record.diff_id for record in layer_records(found)])

    async def snapshot(self, emit: Emit, vertex: str) -> str | None:
        started = time.time()
        name = f"resolve {self.reference}"
        emit(StatusEvent(vertex, name, timestamp=started, started=started))
        found = await self.source.find(self.reference, self.platform)
        now = time.time()
        emit(StatusEvent(vertex, name, "", 0, 0, now, started, now))
        return await self.source.unpack(found, emit, vertex)
