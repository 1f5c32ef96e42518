"""Results of imported caches: layers elsewhere, fetched when one of them is used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from builder.content import ContentStore
from builder.errors import BuilderError
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.oci.reference import Reference
from builder.registry import Session
from builder.snapshot.chains import Chains, LayerRecord
from builder.snapshot.layers import never

_CHUNK = 256 * 1024
_PREFIX = "remote:"


class CacheSourceError(BuilderError):
    """A cache that cannot be read."""


class Origin(Protocol):
    """Where the blobs of a cache are."""

    @property
    def repository(self) -> str:
        """``domain/path`` in a registry; empty elsewhere."""

    def chunks(self, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:
        """The bytes of a blob, to be verified by whoever reads them."""


class RegistryOrigin(Struct, frozen=True):
    """A repository."""

    session: Session
    reference: Reference

    @property
    def repository(self) -> str:
        return self.reference.name

    def chunks(self, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:
        return self.session.fetch_blob(self.reference, descriptor)


class DirectoryOrigin(Struct, frozen=True):
    """An OCI layout on disk."""

    directory: Path
    repository: str = ""

    def path(self, digest: Digest) -> Path:
        return self.directory / "blobs" / digest.algorithm / digest.hex

    async def chunks(self, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:
        try:
            with self.path(descriptor.digest).open("rb") as file:
                while data := await asyncio.to_thread(file.read, _CHUNK):
                    yield data
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise CacheSourceError(
                f"cannot read blob {descriptor.digest} of the cache {self.directory}: {why}"
            ) from error


class RemoteChain(Struct, frozen=True):
    """Layers from the bottom to the top, and where they are."""

    layers: tuple[LayerRecord, ...]
    origin: Origin

    @property
    def id(self) -> str:
        """How the result is called while it is not here."""
        text = "\0".join(str(layer.descriptor.digest) for layer in self.layers)
        return _PREFIX + sha256(text.encode()).hexdigest()


class RemoteResults:
    """The results of all caches of a build, by id. Each blob is fetched once."""

    def __init__(self, store: ContentStore, chains: Chains) -> None:
        self._store = store
        self._chains = chains
        self._results: dict[str, RemoteChain] = {}
        self._fetching: dict[Digest, asyncio.Task[None]] = {}

    def add(self, results: Iterable[RemoteChain]) -> None:
        for chain in results:
            self._results.setdefault(chain.id, chain)

    @property
    def results(self) -> Mapping[str, RemoteChain]:
        return self._results

    async def load(self, id: str) -> str | None:
        """The snapshot of the result ``id``; None where no cache has it.

        Raises BuilderError where its layers cannot be had.
        """
        chain = self._results.get(id)
        if chain is None:
            return None
        layers = chain.layers
        current, present = await asyncio.to_thread(
            self._chains.longest, [layer.diff_id for layer in layers]
        )
        missing = layers[present:]
        fetched = [self._fetch(chain.origin, layer.descriptor) for layer in missing]
        for layer, fetching in zip(missing, fetched, strict=True):
            await asyncio.shield(fetching)
            applying = asyncio.ensure_future(
                asyncio.to_thread(self._chains.apply, current, layer, never)
            )
            try:
                current = await asyncio.shield(applying)
            except asyncio.CancelledError:
                await asyncio.wait([applying])  # nothing may be taken down under the thread
                raise
        return current

    def content(self, chain: RemoteChain, descriptor: Descriptor) -> AsyncIterator[bytes]:
        """The bytes of a layer, from here where it is here."""
        if self._store.has(descriptor.digest):
            return DirectoryOrigin(self._store.root).chunks(descriptor)
        return chain.origin.chunks(descriptor)

    async def aclose(self) -> None:
        """End what nobody waits for any more."""
        for task in self._fetching.values():
            task.cancel()
        await asyncio.gather(*self._fetching.values(), return_exceptions=True)

    def _fetch(self, origin: Origin, descriptor: Descriptor) -> asyncio.Task[None]:
        task = self._fetching.get(descriptor.digest)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = asyncio.create_task(self._download(origin, descriptor))
            self._fetching[descriptor.digest] = task
        return task

    async def _download(self, origin: Origin, descriptor: Descriptor) -> None:
        if self._store.has(descriptor.digest):
            return
        async with aclosing(origin.chunks(descriptor)) as chunks:
            await self._store.ingest(chunks, descriptor.digest, descriptor.size)
        if origin.repository:
            self._chains.record_origin(descriptor.digest, origin.repository)
