"""``--cache-to``: a collected cache written to a registry or to a directory."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Protocol

from msgspec.structs import replace

from builder.cache.cacheconfig import MEDIA_TYPE
from builder.cache.contents import Blob, CacheContents
from builder.cache.manifest import write_manifest
from builder.cache.options import CacheOption
from builder.cache.remote import CacheSourceError
from builder.errors import BuilderError
from builder.exporters.progress import ExportProgress
from builder.oci import gojson, mediatypes
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.registry import Session

_PARALLEL = 4
_REF_NAME = "org.opencontainers.image.ref.name"
_LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'


class CacheExportError(BuilderError):
    """A cache that cannot be written."""


class _Target(Protocol):
    async def blob(self, blob: Blob) -> None: ...
    async def manifest(self, data: bytes, descriptor: Descriptor) -> None: ...


def title(option: CacheOption) -> str:
    """The name of the vertex of an export, as BuildKit has it."""
    place = "registry" if option.type == "registry" else "client directory"
    return f"exporting cache to {place}"


async def write_cache(
    option: CacheOption, contents: CacheContents, session: Session, progress: ExportProgress
) -> Descriptor | None:
    """Layers, configuration and manifest, in this order; None where there is nothing to keep.

    Raises CacheExportError, RegistryError, and what the origin of a layer raises.
    """
    if not contents.blobs:
        progress.done("skipping cache export for empty result")
        return None
    target: _Target
    if option.type == "registry":
        if option.flag("registry.insecure"):
            session.allow_insecure(option.reference.domain)
        target = _Registry(option, session)
    else:
        target = _Directory(option)
    gate = asyncio.Semaphore(_PARALLEL)

    async def one(blob: Blob) -> None:
        async with gate:
            with progress.step(f"writing layer {blob.descriptor.digest}"):
                await target.blob(blob)

    try:
        async with asyncio.TaskGroup() as tasks:
            for blob in contents.blobs.values():
                tasks.create_task(one(blob))
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from group
    data = contents.config.dumps()
    config = Descriptor(MEDIA_TYPE, Digest.of(data), len(data))
    with progress.step(f"writing config {config.digest}"):
        await target.blob(Blob(config, lambda: _once(data)))
    layers = [contents.blobs[digest].descriptor for digest in contents.config.blobs()]
    document, media_type = write_manifest(
        layers,
        config,
        docker_types=option.docker_types,
        image_manifest=option.image_manifest,
    )
    manifest = Descriptor(media_type, Digest.of(document), len(document))
    kind = "cache image manifest" if option.image_manifest else "cache manifest"
    with progress.step(f"writing {kind} {manifest.digest}"):
        await target.manifest(document, manifest)
    return manifest


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


class _Registry:
    def __init__(self, option: CacheOption, session: Session) -> None:
        self._session = session
        self._reference = replace(option.reference, digest=None)

    async def blob(self, blob: Blob) -> None:
        prefix = self._reference.domain + "/"
        await self._session.push_blob(
            self._reference,
            blob.descriptor,
            blob.content,
            mount_from=tuple(
                name[len(prefix) :]
                for name in blob.repositories
                if name.startswith(prefix) and name != self._reference.name
            ),
        )

    async def manifest(self, data: bytes, descriptor: Descriptor) -> None:
        await self._session.push_manifest(self._reference, data, descriptor.media_type)


class _Directory:
    """An OCI layout; what it holds under other tags stays."""

    def __init__(self, option: CacheOption) -> None:
        self._root = Path(option.attributes["dest"])
        self._tag = option.attributes.get("tag") or "latest"

    async def blob(self, blob: Blob) -> None:
        path = self._path(blob.descriptor.digest)
        if path.exists() and path.stat().st_size == blob.descriptor.size:
            return
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        hasher = blob.descriptor.digest.hasher()
        try:
            with self._explained(), partial.open("xb") as file:
                async for chunk in blob.content():
                    hasher.update(chunk)
                    await asyncio.to_thread(file.write, chunk)
                file.flush()
                os.fsync(file.fileno())
            if hasher.hexdigest() != blob.descriptor.digest.hex:
                raise CacheSourceError(f"blob {blob.descriptor.digest} has other bytes")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    async def manifest(self, data: bytes, descriptor: Descriptor) -> None:
        await self.blob(Blob(descriptor, lambda: _once(data)))
        with self._explained(), self._locked():
            self._replace("oci-layout", _LAYOUT)
            entry = replace(descriptor, annotations={_REF_NAME: self._tag})
            index = {
                "schemaVersion": 2,
                "mediaType": mediatypes.OCI_INDEX,
                "manifests": [*self._others(), entry.to_json()],
            }
            self._replace("index.json", gojson.dumps(index))

    def _path(self, digest: Digest) -> Path:
        return self._root / "blobs" / digest.algorithm / digest.hex

    def _others(self) -> list[dict[str, Any]]:
        """What ``index.json`` has under other tags."""
        path = self._root / "index.json"
        try:
            document = json.loads(path.read_bytes())
            rows = document.get("manifests") or []
            return [row for row in rows if row.get("annotations", {}).get(_REF_NAME) != self._tag]
        except FileNotFoundError:
            return []
        except (ValueError, AttributeError, TypeError) as error:
            raise CacheExportError(
                f"{path} is no image index: {error}", hint="choose another directory as dest"
            ) from error

    def _replace(self, name: str, data: bytes) -> None:
        partial = self._root / f".{name}.{secrets.token_hex(6)}"
        partial.write_bytes(data)
        partial.replace(self._root / name)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise CacheExportError(f"cannot write the cache to {self._root}: {why}") from error
