"""``--cache-from``: the records of a cache in a registry, a directory or an image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from builder.cache.cacheconfig import CacheConfig, Chain, to_records
from builder.cache.manifest import DIFF_ID, CacheManifest, parsed, read_inline
from builder.cache.options import CacheOption
from builder.cache.remote import (
    CacheSourceError,
    DirectoryOrigin,
    Origin,
    RegistryOrigin,
    RemoteChain,
)
from builder.oci.descriptor import Descriptor, InvalidDocument
from builder.oci.digest import Digest, InvalidDigest
from builder.oci.manifest import MAX_MANIFEST, Manifest
from builder.registry import Session
from builder.snapshot.chains import LayerRecord
from builder.solver.cachestore import Record

_CONFIG_LIMIT = 32 << 20
"""Bytes of the largest cache configuration or image config that is read."""
_NAME = "io.containerd.image.name"
_REF_NAME = "org.opencontainers.image.ref.name"


class ImportedCache(Struct, frozen=True):
    """Records whose results are called by the ids of ``results``."""

    records: tuple[Record, ...]
    results: tuple[RemoteChain, ...]


async def import_cache(option: CacheOption, session: Session) -> ImportedCache:
    """Reads the records; no layer is fetched.

    Raises CacheSourceError, InvalidCacheConfigError, RegistryError.
    """
    if option.type == "local":
        return await _Reader(option.place, _Directory(option)).read()
    if option.flag("registry.insecure"):
        session.allow_insecure(option.reference.domain)
    return await _Reader(option.place, _Registry(option, session)).read()


class _Registry:
    def __init__(self, option: CacheOption, session: Session) -> None:
        self._session = session
        self._reference = option.reference
        self.origin: Origin = RegistryOrigin(session, option.reference)

    async def top(self) -> tuple[bytes, str]:
        found = (await self._session.resolve(self._reference)).descriptor
        return await self.manifest(found), found.media_type

    async def manifest(self, descriptor: Descriptor) -> bytes:
        return await self._session.fetch_manifest(self._reference, descriptor)


class _Directory:
    def __init__(self, option: CacheOption) -> None:
        self._option = option
        self._place = DirectoryOrigin(Path(option.attributes["src"]))
        self.origin: Origin = self._place

    async def top(self) -> tuple[bytes, str]:
        text = self._option.attributes.get("digest")
        found = self._sized(Digest(text)) if text else self._tagged()
        return await self.manifest(found), found.media_type

    async def manifest(self, descriptor: Descriptor) -> bytes:
        return await _blob(self.origin, descriptor, MAX_MANIFEST)

    def _sized(self, digest: Digest) -> Descriptor:
        try:
            size = self._place.path(digest).stat().st_size
        except OSError as error:
            raise CacheSourceError(f"{self._option.place}: there is no blob {digest}") from error
        return Descriptor("", digest, size)

    def _tagged(self) -> Descriptor:
        tag = self._option.attributes.get("tag") or "latest"
        path = self._place.directory / "index.json"
        try:
            rows = json.loads(path.read_bytes()).get("manifests") or ()
            entries = [Descriptor.from_json(row) for row in rows]
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise CacheSourceError(f"cannot read {path}: {why}") from error
        except (ValueError, AttributeError, TypeError, InvalidDocument) as error:
            raise CacheSourceError(f"{path} is no image index: {error}") from error
        for key in (_NAME, _REF_NAME):
            for entry in entries:
                if entry.annotations.get(key) == tag:
                    return entry
        raise CacheSourceError(f"{self._option.place}: {path.name} has no tag {tag}")


class _Reader:
    """Follows a manifest to its records."""

    def __init__(self, place: str, source: _Registry | _Directory) -> None:
        self._place = place
        self._source = source

    async def read(self) -> ImportedCache:
        data, media_type = await self._source.top()
        document = parsed(data, media_type, self._place)
        if document.config is not None:
            config = await self._config(document.config)
            return self._imported(CacheConfig.parse(config), document.layers)
        caches = [await self._inline(image) for image in await self._images(document)]
        found = [cache for cache in caches if cache is not None]
        return ImportedCache(
            tuple(record for cache in found for record in cache.records),
            tuple(result for cache in found for result in cache.results),
        )

    async def _images(self, document: CacheManifest) -> list[Manifest]:
        if document.image is not None:
            return [document.image]
        images = []
        for descriptor in document.images:
            data = await self._source.manifest(descriptor)
            image = parsed(data, descriptor.media_type, self._place).image
            if image is not None:
                images.append(image)
        return images

    async def _inline(self, image: Manifest) -> ImportedCache | None:
        found = read_inline(image, await self._config(image.config))
        if found is None:
            return None
        config, layers = found
        return self._imported(config, {layer.digest: layer for layer in layers})

    async def _config(self, descriptor: Descriptor) -> bytes:
        return await _blob(self._source.origin, descriptor, _CONFIG_LIMIT)

    def _imported(self, config: CacheConfig, layers: Mapping[Digest, Descriptor]) -> ImportedCache:
        chains: dict[Chain, RemoteChain] = {}
        rows = []
        for record in config.records:
            kept = []
            for result in record.results:
                chain = self._chain(result.chain, layers)
                if chain is not None:
                    chains[result.chain] = chain
                    kept.append(result)
            rows.append(replace(record, results=tuple(kept)))
        records = to_records(CacheConfig(tuple(rows)), lambda chain: chains[chain].id)
        return ImportedCache(tuple(records), tuple(chains.values()))

    def _chain(self, chain: Chain, layers: Mapping[Digest, Descriptor]) -> RemoteChain | None:
        """None where a layer is not in the manifest, or says not what it unpacks to."""
        found = []
        for layer in chain:
            descriptor = layers.get(layer.blob)
            if descriptor is None:
                return None
            try:
                diff_id = Digest(descriptor.annotations.get(DIFF_ID, ""))
            except InvalidDigest:
                return None
            plain = replace(descriptor, annotations={}, platform=None)
            found.append(LayerRecord(plain, diff_id))
        return RemoteChain(tuple(found), self._source.origin)


async def _blob(origin: Origin, descriptor: Descriptor, limit: int) -> bytes:
    """A whole document, verified."""
    if descriptor.size > limit:
        raise CacheSourceError(f"blob {descriptor.digest} is too large: {descriptor.size} bytes")
    data = bytearray()
    async with aclosing(origin.chunks(descriptor)) as chunks:
        async for chunk in chunks:
            data += chunk
            if len(data) > descriptor.size:
                break
    hasher = descriptor.digest.hasher()
    hasher.update(data)
    if hasher.hexdigest() != descriptor.digest.hex:
        raise CacheSourceError(f"blob {descriptor.digest} of the cache has other bytes")
    return bytes(data)
