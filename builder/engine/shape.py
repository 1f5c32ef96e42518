"""The layers of an image that was built, as its manifest and its config tell of them."""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct

from builder.content import ContentStore
from builder.errors import BuilderError
from builder.oci import manifest as manifests
from builder.oci.digest import Digest
from builder.oci.manifest import MAX_MANIFEST, Manifest


class LayerShape(Struct, frozen=True):
    """``size`` is in bytes, as sent to a registry; ``created_by`` is from the history."""

    digest: str
    size: int
    created_by: str


class ImageShape(Struct, frozen=True):
    """One image; ``platform`` as ``os/arch``."""

    platform: str
    digest: str
    layers: tuple[LayerShape, ...]


def shapes(store: ContentStore, digest: Digest) -> tuple[ImageShape, ...]:
    """The image of ``digest``, or those of the index; what the store does not have is left out."""
    try:
        data = store.read(digest, MAX_MANIFEST)
        document = manifests.parse(data, json.loads(data).get("mediaType", ""))
    except (BuilderError, ValueError):
        return ()
    if isinstance(document, Manifest):
        return _image(store, digest, document)
    return tuple(
        image
        for each in document.manifests
        if not each.annotations.get("vnd.docker.reference.type")
        for image in shapes(store, each.digest)
    )


def _image(store: ContentStore, digest: Digest, document: Manifest) -> tuple[ImageShape, ...]:
    try:
        config: Any = json.loads(store.read(document.config.digest, MAX_MANIFEST))
    except (BuilderError, ValueError):
        return ()
    history = [row for row in config.get("history") or () if not row.get("empty_layer")]
    said = [str(row.get("created_by", "")) for row in history]
    said += [""] * (len(document.layers) - len(said))
    layers = tuple(
        LayerShape(str(layer.digest), layer.size, text)
        for layer, text in zip(document.layers, said, strict=False)
    )
    return (ImageShape(f"{config.get('os')}/{config.get('architecture')}", str(digest), layers),)
