"""The manifest of an exported cache, and the cache that an image carries in its config.

A cache is stored as an OCI image manifest whose config is the cache configuration, or, as
older versions wrote it, as an index that lists the layers and, last, the configuration. An
inline cache is a list of records in the config of an image; its layers are the image's own.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from builder.cache.cacheconfig import MALFORMED, MEDIA_TYPE, CacheConfig, InvalidCacheConfigError
from builder.oci import gojson, mediatypes
from builder.oci.descriptor import Descriptor, InvalidDocument
from builder.oci.digest import Digest, InvalidDigest
from builder.oci.manifest import Index, Manifest, parse

INLINE_KEY = "moby.buildkit.cache.v0"
"""The member of an image config that holds an inline cache."""
DIFF_ID = "containerd.io/uncompressed"
"""The annotation of a layer that names its diff ID."""
CREATED = "buildkit/createdat"

_DOCKER_LAYERS = {
    mediatypes.OCI_LAYER: mediatypes.DOCKER_LAYER,
    mediatypes.OCI_LAYER_GZIP: mediatypes.DOCKER_LAYER_GZIP,
    mediatypes.OCI_LAYER_ZSTD: mediatypes.DOCKER_LAYER_ZSTD,
}
_OCI_LAYERS = {docker: oci for oci, docker in _DOCKER_LAYERS.items()}


class CacheManifest(Struct, frozen=True):
    """What a manifest says of a cache: its layers by digest, and where its records are.

    Without ``config`` it is an image, or an index of ``images``, that may have an inline cache.
    """

    layers: Mapping[Digest, Descriptor]
    config: Descriptor | None = None
    image: Manifest | None = None
    images: tuple[Descriptor, ...] = ()


def write_manifest(
    layers: Sequence[Descriptor],
    config: Descriptor,
    *,
    docker_types: bool = False,
    image_manifest: bool = True,
) -> tuple[bytes, str]:
    """The document and its media type; compact, as BuildKit writes it."""
    table = _DOCKER_LAYERS if docker_types else _OCI_LAYERS
    rows = [
        replace(layer, media_type=table.get(layer.media_type, layer.media_type)).to_json()
        for layer in layers
    ]
    if image_manifest:
        kind = mediatypes.OCI_MANIFEST
        members: dict[str, Any] = {"config": config.to_json(), "layers": rows}
    else:
        kind = mediatypes.DOCKER_INDEX if docker_types else mediatypes.OCI_INDEX
        members = {"manifests": [*rows, config.to_json()]}
    return gojson.dumps({"schemaVersion": 2, "mediaType": kind, **members}), kind


def read_manifest(data: bytes, media_type: str) -> CacheManifest:
    """Raises InvalidDocument for what is no manifest."""
    document = parse(data, media_type)
    if isinstance(document, Index):
        configs = [m for m in document.manifests if m.media_type == MEDIA_TYPE]
        if configs:
            layers = [m for m in document.manifests if m.media_type != MEDIA_TYPE]
            return CacheManifest({m.digest: m for m in layers}, configs[-1])
        images = tuple(
            m
            for m in document.manifests
            if mediatypes.is_manifest(m.media_type)
            and "vnd.docker.reference.type" not in m.annotations
        )
        return CacheManifest({}, images=images)
    if document.config.media_type == MEDIA_TYPE:
        return CacheManifest({m.digest: m for m in document.layers}, document.config)
    return CacheManifest({m.digest: m for m in document.layers}, image=document)


def read_inline(manifest: Manifest, config: bytes) -> tuple[CacheConfig, list[Descriptor]] | None:
    """The cache in an image's config, and its layers with their diff IDs; None without one.

    Raises InvalidCacheConfigError where it is there and cannot be read.
    """
    try:
        document = json.loads(config)
        encoded = document.get(INLINE_KEY)
        if not encoded:
            return None
        records = json.loads(base64.b64decode(encoded, validate=True))
        diff_ids = [Digest(text) for text in document["rootfs"]["diff_ids"]]
    except (*MALFORMED, InvalidDigest) as error:
        raise InvalidCacheConfigError(f"invalid inline cache: {error}") from error
    if len(diff_ids) != len(manifest.layers):
        raise InvalidCacheConfigError(
            f"invalid inline cache: the image has {len(manifest.layers)} layers "
            f"and {len(diff_ids)} diff IDs"
        )
    layers = [
        replace(layer, annotations={**layer.annotations, DIFF_ID: str(diff_id)})
        for layer, diff_id in zip(manifest.layers, diff_ids, strict=True)
    ]
    rows = [
        {"blob": str(layer.digest), "parent": number - 1} for number, layer in enumerate(layers)
    ]
    return CacheConfig.parse(json.dumps({"layers": rows, "records": records}).encode()), layers


def parsed(data: bytes, media_type: str, place: str) -> CacheManifest:
    """``read_manifest``, with ``place`` in its errors (InvalidCacheConfigError)."""
    try:
        return read_manifest(data, media_type)
    except InvalidDocument as error:
        raise InvalidCacheConfigError(f"{place}: {error}", hint=error.hint) from error
