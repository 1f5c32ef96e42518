"""What is known of an image of the local store, read from its documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from builder.content import ContentStore
from builder.engine.imagestore import NamedImage, images_of, read_json, read_manifest
from builder.errors import BuilderError
from builder.exporters.graph import closure
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.oci.manifest import Index

_PREDICATE = "in-toto.io/predicate-type"
_ABOUT = "vnd.docker.reference.digest"


class Summary(Struct, frozen=True):
    """``size``: bytes of all blobs as they are sent, each once. ``created`` is the config's own
    text, empty where it has none. ``fault``: why an image cannot be read."""

    image: NamedImage
    platforms: tuple[str, ...]
    created: str
    size: int
    fault: str = ""


class Attestation(Struct, frozen=True):
    """Statements about an image, by the types of their predicates."""

    digest: Digest
    predicates: tuple[str, ...]


class LayerDetails(Struct, frozen=True):
    """``present``: its blob is in the store; that of a base image which was pushed on without
    being read need not be."""

    descriptor: Descriptor
    diff_id: str
    present: bool


class PlatformDetails(Struct, frozen=True):
    """One image: its documents as they are."""

    platform: str
    descriptor: Descriptor
    manifest: Mapping[str, Any]
    config: Mapping[str, Any]
    layers: tuple[LayerDetails, ...]
    attestations: tuple[Attestation, ...]


class Details(Struct, frozen=True):
    """``index`` is None where the name is that of a single manifest."""

    summary: Summary
    index: Mapping[str, Any] | None
    images: tuple[PlatformDetails, ...]


def summary(store: ContentStore, image: NamedImage) -> Summary:
    """Blocks. An image that cannot be read has a ``fault``."""
    try:
        needed = closure(store, image.top)
        size = sum(each.size for each in (*needed.blobs, *needed.manifests))
        configs = [
            (descriptor, read_json(store, manifest.config.digest))
            for descriptor, manifest in images_of(store, image.top)
        ]
    except BuilderError as error:
        return Summary(image, (), "", 0, str(error))
    platforms = tuple(platform_of(descriptor, config) for descriptor, config in configs)
    times = [str(config.get("created") or "") for _, config in configs]
    return Summary(image, platforms, max(times, default=""), size)


def details(store: ContentStore, image: NamedImage) -> Details:
    """Blocks. Raises ContentError, InvalidDocument where a document is gone or broken."""
    document = read_manifest(store, image.top)
    attested = _attestations(store, document.manifests) if isinstance(document, Index) else {}
    images = []
    for descriptor, manifest in images_of(store, image.top):
        config = read_json(store, manifest.config.digest)
        rootfs = config.get("rootfs")
        diff_ids = list(rootfs.get("diff_ids") or ()) if isinstance(rootfs, dict) else []
        diff_ids += [""] * (len(manifest.layers) - len(diff_ids))
        layers = tuple(
            LayerDetails(layer, str(diff_id), store.has(layer.digest))
            for layer, diff_id in zip(manifest.layers, diff_ids, strict=False)
        )
        images.append(
            PlatformDetails(
                platform_of(descriptor, config),
                descriptor,
                read_json(store, descriptor.digest),
                config,
                layers,
                tuple(attested.get(str(descriptor.digest), ())),
            )
        )
    index = read_json(store, image.top.digest) if isinstance(document, Index) else None
    return Details(summary(store, image), index, tuple(images))


def platform_of(descriptor: Descriptor, config: Mapping[str, Any]) -> str:
    """As the index says, else as the config does."""
    if descriptor.platform is not None:
        return str(descriptor.platform)
    parts = (config.get(key) for key in ("os", "architecture", "variant"))
    return "/".join(str(part) for part in parts if part)


def _attestations(
    store: ContentStore, manifests: Sequence[Descriptor]
) -> dict[str, list[Attestation]]:
    """By the digest of the image that they are about."""
    out: dict[str, list[Attestation]] = {}
    for each in manifests:
        if not each.annotations.get("vnd.docker.reference.type"):
            continue
        statement = read_manifest(store, each)
        layers = () if isinstance(statement, Index) else statement.layers
        predicates = tuple(layer.annotations.get(_PREDICATE, "") for layer in layers)
        about = each.annotations.get(_ABOUT, "")
        out.setdefault(about, []).append(Attestation(each.digest, predicates))
    return out
