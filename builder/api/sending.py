"""Images of the local store sent on: to a registry, or into an archive.

::

    async with open_sender(root, registry) as sender:
        await sender.push(image, destination, emit)
        await sender.save(images, write, emit)
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct
from msgspec.structs import replace

from builder.engine.imagestore import ImageStore, NamedImage, images_of
from builder.engine.state import State, open_state, unusable
from builder.errors import BuilderError
from builder.events import Emit
from builder.exporters.errors import ExportError
from builder.exporters.graph import closure, is_foreign
from builder.exporters.layout import write_images
from builder.exporters.progress import ExportProgress
from builder.exporters.push import push
from builder.oci import platform as platforms
from builder.oci import reference as references
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.oci.manifest import Index
from builder.oci.platform import Platform
from builder.oci.reference import Reference
from builder.registry import RegistryConfig, RetryPolicy, Session
from builder.sources.errors import NoMatchingPlatform
from builder.sources.image import ImageSource

Fetch = Mapping[Digest, Callable[[], Awaitable[None]]]


class Archive(Struct, frozen=True):
    """How images are saved. ``docker``: in the form that old engines load, one platform's
    image each; ``platform`` chooses it, or narrows an index down."""

    docker: bool = True
    platform: Platform | None = None


class Sender:
    """Sends images of one open state directory. Made by ``open_sender``."""

    def __init__(self, state: State, session: Session) -> None:
        self._state = state
        self._session = session
        self._source = ImageSource(session, state.content, state.names, state.chains)
        self.images = ImageStore(state.content, state.names)

    async def aclose(self) -> None:
        await self._source.aclose()

    async def push(self, image: NamedImage, destination: Reference, emit: Emit) -> Digest:
        """The whole of ``image``, attestations too, as ``destination``. What the registry has,
        or can mount, is not sent; layers that nobody has read yet are fetched when they must be.

        Raises RegistryError, ContentError, ExportError.
        """
        progress = ExportProgress(emit, f"pushing image {image.familiar}")
        chains = self._state.chains
        with progress.running():
            needed = await asyncio.to_thread(closure, self._state.content, image.top)
            fetch = self._missing(needed.blobs, self._places(image), progress, emit)
            repositories = {
                blob.digest: tuple(dict.fromkeys((*chains.origins(blob.digest), *places)))
                for blob in needed.blobs
                for places in [self._places(image) if blob.digest in fetch else ()]
            }
            await push(
                self._session,
                self._state.content,
                image.top,
                destination,
                progress,
                repositories=repositories,
                fetch=fetch,
            )
            for blob in needed.blobs:
                chains.record_origin(blob.digest, destination.name)
        return image.top.digest

    async def save(
        self,
        images: Sequence[tuple[NamedImage, bool]],
        archive: Archive,
        write: Callable[[Callable[[BinaryIO], None]], None],
        emit: Emit,
    ) -> None:
        """One archive of all ``images``, with the name of each where it is wanted; ``write`` gives
        the file to the function that it is handed. Raises RegistryError, ContentError,
        ExportError, NoMatchingPlatform."""
        progress = ExportProgress(emit, f"saving to {'docker' if archive.docker else 'oci'} format")
        with progress.running():
            rows: dict[Digest, tuple[Descriptor, list[str]]] = {}
            for image, named in images:
                top = await asyncio.to_thread(self._chosen, image, archive)
                needed = await asyncio.to_thread(closure, self._state.content, top)
                fetch = self._missing(needed.blobs, self._places(image), progress, emit)
                await asyncio.gather(*(bring() for bring in fetch.values()))
                names = rows.setdefault(top.digest, (top, []))[1]
                if named:
                    names.append(image.name)
            into = partial(
                write_images,
                store=self._state.content,
                images=list(rows.values()),
                docker=archive.docker,
            )
            with progress.step("sending tarball"):
                await asyncio.to_thread(write, into)

    def _chosen(self, image: NamedImage, archive: Archive) -> Descriptor:
        """What of an image goes into an archive."""
        store, wanted = self._state.content, archive.platform
        if wanted is None and not archive.docker:
            return image.top
        found = [descriptor for descriptor, _ in images_of(store, image.top)]
        if wanted is None and len(found) == 1:
            return replace(found[0], annotations={})
        chosen = Index(tuple(found)).select(wanted or platforms.host())
        if chosen is None:
            offered = tuple(str(each.platform) for each in found if each.platform is not None)
            raise NoMatchingPlatform(image.familiar, str(wanted or platforms.host()), offered)
        return replace(chosen, annotations={})

    def _places(self, image: NamedImage) -> tuple[str, ...]:
        """Repositories that an image with layers which are not here was pushed to."""
        same = (each for each in self.images.all() if each.top.digest == image.top.digest)
        names = (image.name, *(each.name for each in same))
        return tuple(dict.fromkeys(references.parse(name).name for name in names))

    def _missing(
        self,
        blobs: Sequence[Descriptor],
        places: Sequence[str],
        progress: ExportProgress,
        emit: Emit,
    ) -> Fetch:
        """What brings each blob that is not in the store, from wherever it is known to be."""
        store, chains = self._state.content, self._state.chains
        return {
            blob.digest: partial(
                self._fetch,
                blob,
                tuple(dict.fromkeys((*chains.origins(blob.digest), *places))),
                progress.vertex,
                emit,
            )
            for blob in blobs
            if not is_foreign(blob) and not store.has(blob.digest)
        }

    async def _fetch(
        self, blob: Descriptor, places: Sequence[str], vertex: str, emit: Emit
    ) -> None:
        first: BuilderError | None = None
        for place in places:
            reference = references.parse(f"{place}@{blob.digest}")
            try:
                await self._source.fetch_layer(reference, blob, emit, vertex)
            except BuilderError as error:
                first = first or error
            else:
                return
        raise ExportError(
            f"layer {blob.digest} is not in the local store, and cannot be had from "
            f"{', '.join(places)}: {first}",
            hint=first.hint if first is not None else "",
        ) from first


@asynccontextmanager
async def open_sender(
    root: Path, registry: RegistryConfig, policy: RetryPolicy | None = None
) -> AsyncIterator[Sender]:
    """Opens the state directory ``root``. Raises StateError and what the stores raise."""
    with open_state(root) as state:
        async with Session(config=registry, policy=policy) as session:
            sender = Sender(state, session)
            try:
                yield sender
            except sqlite3.Error as error:
                raise unusable(root, error) from error
            finally:
                await sender.aclose()
