"""All that an image consists of, found by reading its manifests."""

from __future__ import annotations

from msgspec import Struct

from builder.content.store import ContentStore
from builder.oci import mediatypes
from builder.oci.descriptor import Descriptor
from builder.oci.manifest import MAX_MANIFEST, Index, parse


class Closure(Struct, frozen=True):
    """``blobs`` (configs and layers) and ``manifests``, each once, every child first.

    The last manifest is the image itself.
    """

    blobs: tuple[Descriptor, ...]
    manifests: tuple[Descriptor, ...]


def closure(store: ContentStore, top: Descriptor) -> Closure:
    """What ``top`` needs. Blocks. Raises ContentError and InvalidDocument."""
    blobs: dict[str, Descriptor] = {}
    manifests: dict[str, Descriptor] = {}
    _collect(store, top, blobs, manifests)
    return Closure(tuple(blobs.values()), tuple(manifests.values()))


def is_foreign(descriptor: Descriptor) -> bool:
    """A layer that may not be distributed: it is fetched from its own URLs."""
    return descriptor.media_type == mediatypes.DOCKER_LAYER_FOREIGN_GZIP or (
        descriptor.media_type.startswith(mediatypes.OCI_LAYER_NONDIST)
    )


def _collect(
    store: ContentStore,
    descriptor: Descriptor,
    blobs: dict[str, Descriptor],
    manifests: dict[str, Descriptor],
) -> None:
    if str(descriptor.digest) in manifests:
        return
    document = parse(store.read(descriptor.digest, MAX_MANIFEST), descriptor.media_type)
    if isinstance(document, Index):
        for child in document.manifests:
            _collect(store, child, blobs, manifests)
    else:
        for blob in (document.config, *document.layers):
            blobs.setdefault(str(blob.digest), blob)
    manifests[str(descriptor.digest)] = descriptor
