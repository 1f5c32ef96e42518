"""What is exported, as values, and what an exporter may use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from msgspec import Struct, field

from builder.content.store import ContentStore
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.oci.platform import Platform
from builder.oci.reference import Reference

if TYPE_CHECKING:
    from builder.transport.enginesocket import Engine


class Layer(Struct, frozen=True):
    """A layer whose blob is in the content store, or comes there with ``fetch``.

    ``created`` (nanoseconds since the epoch) and ``description`` stand in the history of an
    image whose frontend wrote none. ``repositories``: where the blob was pulled from
    (``domain/path``), so that a registry can mount it instead of receiving it.
    """

    descriptor: Descriptor
    diff_id: Digest
    created: int | None = None
    description: str = ""
    repositories: tuple[str, ...] = ()
    fetch: Callable[[], Awaitable[None]] | None = None


class PlatformImage(Struct, frozen=True):
    """The result of a build for one platform.

    ``config`` is the image config as the frontend made it, parsed; its member ``config``
    keeps the order of keys. ``base_history`` counts the leading history entries that come
    from the base image. ``tree`` lends the merged root file system.
    """

    platform: Platform
    config: Mapping[str, Any]
    layers: tuple[Layer, ...]
    tree: Callable[[], AbstractContextManager[Path]]
    base_history: int = 0


Attest = Callable[[PlatformImage, Descriptor], Awaitable[Descriptor | None]]
"""Makes the attestation manifest about an image manifest, its blobs in the store."""


class ExportInput(Struct, frozen=True):
    """What a build made. ``index`` asks for an index even around one image."""

    images: tuple[PlatformImage, ...]
    index: bool = False
    attest: Attest | None = None


class Pusher(Protocol):
    """The registry, as a push uses it (``registry.Session``)."""

    async def push_blob(
        self,
        reference: Reference,
        descriptor: Descriptor,
        content: Callable[[], AsyncIterator[bytes]],
        *,
        mount_from: Sequence[str] = (),
    ) -> bool:
        """True where bytes were sent, False where the blob was there or could be mounted."""
        ...

    async def push_manifest(
        self, reference: Reference, data: bytes, media_type: str
    ) -> Descriptor: ...


Tag = Callable[[str, Descriptor], None]
"""Gives a name to an image of the local store; blocks."""


class ExportContext(Struct, frozen=True):
    """What exporters share. ``epoch`` is SOURCE_DATE_EPOCH in seconds.

    ``stdout`` is where ``dest=-`` goes, ``tag`` and ``pusher`` serve the image exporter,
    ``engine`` finds the one that a docker image without ``dest`` is loaded into.
    ``layers`` brings the layers of an image into the store, where an exporter needs them;
    without it they are there already.
    """

    store: ContentStore
    tag: Tag | None = None
    pusher: Pusher | None = None
    stdout: BinaryIO | None = None
    engine: Callable[[], Engine] | None = None
    epoch: int | None = None
    layers: Callable[[PlatformImage], Awaitable[tuple[Layer, ...]]] | None = None


class Exported(Struct, frozen=True):
    """The outcome. ``response`` has BuildKit's keys (``containerimage.digest`` ...)."""

    descriptor: Descriptor | None = None
    response: Mapping[str, str] = field(default_factory=dict)
