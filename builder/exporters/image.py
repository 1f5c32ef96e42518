"""A build's result as an image: config, manifest and, where wanted, index in the store.

Byte for byte what BuildKit writes for the same input (image-spec, config.md, manifest.md).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from builder.content.store import ContentStore
from builder.exporters.annotations import Annotations
from builder.exporters.gotime import format_time, parse_time
from builder.exporters.types import Layer, PlatformImage
from builder.oci import gojson, mediatypes
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.oci.manifest import Index, Manifest

_HISTORY_KEYS = ("created", "created_by", "author", "comment", "empty_layer")
_EXPORTER_COMMENT = "buildkit.exporter.image.v0"
_INTERNAL_ANNOTATIONS = ("containerd.io/uncompressed", "buildkit/createdat")
_SOURCE_ANNOTATION = "containerd.io/distribution.source."
_DOCKER_LAYERS = {
    mediatypes.OCI_LAYER: mediatypes.DOCKER_LAYER,
    mediatypes.OCI_LAYER_GZIP: mediatypes.DOCKER_LAYER_GZIP,
    mediatypes.OCI_LAYER_ZSTD: mediatypes.DOCKER_LAYER_ZSTD,
    mediatypes.OCI_LAYER_NONDIST + "+gzip": mediatypes.DOCKER_LAYER_FOREIGN_GZIP,
}
_OCI_LAYERS = {docker: oci for oci, docker in _DOCKER_LAYERS.items()}


class StoredImage(Struct, frozen=True):
    """An image in the store: its manifest (with its platform) and its config."""

    manifest: Descriptor
    config: Descriptor


def config_json(image: PlatformImage, epoch: int | None = None) -> bytes:
    """The image config. ``epoch`` (seconds) bounds the times of what this build added."""
    document: dict[str, Any] = {**image.config}
    document.setdefault("config", {})
    document.pop("variant", None)
    document.pop("os.version", None)
    document.pop("os.features", None)
    document.update(image.platform.to_json())
    history = _history(image, epoch)
    if history:
        document["history"] = history
        times = [entry["created"] for entry in history if "created" in entry]
        if times:
            document["created"] = times[-1]
    else:
        document.pop("history", None)
    if epoch is not None:
        document["created"] = format_time(epoch * 10**9)
    document["rootfs"] = {
        "type": "layers",
        "diff_ids": [str(layer.diff_id) for layer in image.layers],
    }
    return gojson.dumps(dict(sorted(document.items())))


def store_image(
    store: ContentStore,
    image: PlatformImage,
    *,
    docker_types: bool = False,
    epoch: int | None = None,
    annotations: Annotations = Annotations(),  # noqa: B008 - frozen
) -> StoredImage:
    """Write config and manifest of one platform. Blocks."""
    config = store_bytes(
        store,
        config_json(image, epoch),
        mediatypes.DOCKER_CONFIG if docker_types else mediatypes.OCI_CONFIG,
    )
    manifest = Manifest(
        config=config,
        layers=tuple(_manifest_layer(layer.descriptor, docker_types) for layer in image.layers),
        media_type=mediatypes.DOCKER_MANIFEST if docker_types else mediatypes.OCI_MANIFEST,
        annotations=annotations.manifest(image.platform),
    )
    stored = store_bytes(store, manifest.encode(), manifest.media_type)
    described = replace(
        stored, platform=image.platform, annotations=annotations.descriptor(image.platform)
    )
    return StoredImage(described, config)


def store_index(
    store: ContentStore,
    manifests: Sequence[Descriptor],
    *,
    docker_types: bool = False,
    annotations: Annotations = Annotations(),  # noqa: B008 - frozen
) -> Descriptor:
    """Write an index of ``manifests``. Blocks."""
    kind = mediatypes.DOCKER_INDEX if docker_types else mediatypes.OCI_INDEX
    index = Index(tuple(manifests), media_type=kind, annotations=annotations.index)
    stored = store_bytes(store, index.encode(), kind)
    return replace(stored, annotations=annotations.index_descriptor)


def store_bytes(store: ContentStore, data: bytes, media_type: str) -> Descriptor:
    """A document as a blob. Blocks."""
    with store.writer() as writer:
        writer.write(data)
        blob = writer.commit()
    return Descriptor(media_type, blob.digest, blob.size)


def response(
    top: Descriptor, configs: Sequence[StoredImage], names: Sequence[str]
) -> dict[str, str]:
    """The exporter response that BuildKit gives for an image. An index has no config."""
    described = base64.b64encode(gojson.dumps(top.to_json())).decode()
    out = {
        "containerimage.digest": str(top.digest),
        "containerimage.descriptor": described,
    }
    if len(configs) == 1 and top.digest == configs[0].manifest.digest:
        out["containerimage.config.digest"] = str(configs[0].config.digest)
    if names:
        out["image.name"] = ",".join(names)
    return out


def _manifest_layer(descriptor: Descriptor, docker_types: bool) -> Descriptor:
    types = _DOCKER_LAYERS if docker_types else _OCI_LAYERS
    annotations = {
        key: value
        for key, value in descriptor.annotations.items()
        if key not in _INTERNAL_ANNOTATIONS and not key.startswith(_SOURCE_ANNOTATION)
    }
    return replace(
        descriptor,
        media_type=types.get(descriptor.media_type, descriptor.media_type),
        annotations={} if docker_types else annotations,
        platform=None,
    )


def _history(image: PlatformImage, epoch: int | None) -> list[dict[str, Any]]:
    """The history with one non-empty entry a layer, and a time for every entry."""
    entries = [dict(entry) for entry in image.config.get("history") or ()]
    _match_layers(entries, image.layers)
    _fill_times(entries)
    if epoch is not None:
        limit = epoch * 10**9
        for entry in entries[image.base_history :]:
            created = parse_time(str(entry.get("created", "")))
            if created is None or created > limit:
                entry["created"] = format_time(limit)
    return [_ordered(entry) for entry in entries]


def _match_layers(entries: list[dict[str, Any]], layers: Sequence[Layer]) -> None:
    used = 0
    for entry in entries:
        if entry.get("empty_layer"):
            continue
        if used >= len(layers):
            entry["empty_layer"] = True  # a config that counts more layers than there are
            continue
        created = layers[used].created
        if not entry.get("created") and created is not None:
            entry["created"] = format_time(created)
        used += 1
    for layer in layers[used:]:
        entry = {"created_by": layer.description, "comment": _EXPORTER_COMMENT}
        if layer.created is not None:
            entry["created"] = format_time(layer.created)
        entries.append(entry)


def _fill_times(entries: list[dict[str, Any]]) -> None:
    """Entries without a time take that of the next layer that has one, else of the last.

    So what the first metadata instruction of a build adds is not dated with the base image.
    """
    moment = None
    missing = False
    for entry in entries:
        if entry.get("created"):
            moment = entry["created"]
            if missing:
                break
        else:
            missing = True
    missing = False
    for entry in entries:
        if not entry.get("created"):
            missing = True
            if moment is not None:
                entry["created"] = moment
        elif missing:
            moment = entry["created"]


def _ordered(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in _HISTORY_KEYS if entry.get(key)}


def digests_of(images: Sequence[PlatformImage]) -> dict[Digest, tuple[str, ...]]:
    """Where the blob of each layer was pulled from, for mounts between repositories."""
    return {
        layer.descriptor.digest: layer.repositories
        for image in images
        for layer in image.layers
        if layer.repositories
    }
