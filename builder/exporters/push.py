"""Pushing an image: blobs side by side, then manifests, each child first, the name last.

A registry that checks references never sees a manifest before what it names, and a reader
never sees a tag before the image is whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

from msgspec.structs import replace

from builder.content.store import ContentStore
from builder.exporters.graph import closure, is_foreign
from builder.exporters.progress import ExportProgress
from builder.exporters.types import Pusher
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.oci.manifest import MAX_MANIFEST
from builder.oci.reference import Reference

_PARALLEL = 4
_CHUNK = 256 * 1024


async def push(
    pusher: Pusher,
    store: ContentStore,
    top: Descriptor,
    reference: Reference,
    progress: ExportProgress,
    *,
    by_digest: bool = False,
    repositories: Mapping[Digest, Sequence[str]] | None = None,
    fetch: Mapping[Digest, Callable[[], Awaitable[None]]] | None = None,
) -> None:
    """Push ``top`` to ``reference``; with ``by_digest`` no tag is written.

    ``repositories`` tells where layers came from (``domain/path``); those of the same
    domain are offered for a mount. ``fetch`` brings blobs into the store that the registry
    turns out to need. Raises what the pusher and ``fetch`` raise, ContentError.
    """
    needed = await asyncio.to_thread(closure, store, top)
    known = repositories or {}
    gate = asyncio.Semaphore(_PARALLEL)

    async def blob(descriptor: Descriptor) -> None:
        async with gate:
            await pusher.push_blob(
                reference,
                descriptor,
                _content(store, descriptor.digest, (fetch or {}).get(descriptor.digest)),
                mount_from=_mounts(reference, known.get(descriptor.digest, ())),
            )

    with progress.step("pushing layers"):
        try:
            async with asyncio.TaskGroup() as tasks:
                for descriptor in needed.blobs:
                    if not is_foreign(descriptor):
                        tasks.create_task(blob(descriptor))
        except BaseExceptionGroup as group:
            raise _first(group) from group
    *children, last = needed.manifests
    for child in children:
        await _manifest(pusher, store, child, _untagged(reference, child.digest))
    named = f"{reference.name}:{reference.tag}" if reference.tag else reference.name
    with progress.step(f"pushing manifest for {named}@{last.digest}"):
        target = _untagged(reference, last.digest) if by_digest else replace(reference, digest=None)
        if not target.target:
            target = _untagged(reference, last.digest)
        await _manifest(pusher, store, last, target)


async def _manifest(
    pusher: Pusher, store: ContentStore, descriptor: Descriptor, reference: Reference
) -> None:
    data = await asyncio.to_thread(store.read, descriptor.digest, MAX_MANIFEST)
    await pusher.push_manifest(reference, data, descriptor.media_type)


def _untagged(reference: Reference, digest: Digest) -> Reference:
    return replace(reference, tag="", digest=digest)


def _mounts(reference: Reference, repositories: Sequence[str]) -> tuple[str, ...]:
    """The paths of ``repositories`` on the reference's own registry."""
    prefix = reference.domain + "/"
    return tuple(
        name[len(prefix) :]
        for name in repositories
        if name.startswith(prefix) and name != reference.name
    )


def _content(
    store: ContentStore, digest: Digest, fetch: Callable[[], Awaitable[None]] | None
) -> Callable[[], AsyncIterator[bytes]]:
    async def chunks() -> AsyncIterator[bytes]:
        if fetch is not None and not store.has(digest):
            await fetch()
        # Opened here, not in a thread: a cancellation would lose a file that a thread opens.
        with store.open(digest) as file:
            while data := await asyncio.to_thread(file.read, _CHUNK):
                yield data

    return chunks


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first failure; the others were cancelled because of it, or say the same."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
