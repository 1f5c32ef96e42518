"""Statements (in-toto) about an image manifest, stored as BuildKit's exporter does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from builder.attest.purl import image_purl
from builder.content.store import ContentStore
from builder.exporters.image import store_bytes
from builder.oci import gojson, mediatypes
from builder.oci import reference as references
from builder.oci.descriptor import Descriptor
from builder.oci.manifest import Manifest
from builder.oci.platform import Platform

STATEMENT = "https://in-toto.io/Statement/v1"
_PAYLOAD = "application/vnd.in-toto+json"
_ARTIFACT = "application/vnd.docker.attestation.manifest.v1+json"
_EMPTY = "application/vnd.oci.empty.v1+json"
_UNKNOWN = Platform("unknown", "unknown")


class Predicate(Struct, frozen=True):
    """What is stated; ``type`` is a URL, ``content`` JSON in the order of its keys."""

    type: str
    content: Mapping[str, Any]


def statement(
    predicate: Predicate, target: Descriptor, names: Sequence[str], platform: Platform
) -> bytes:
    """About the manifest ``target`` under each of ``names``."""
    digest = {target.digest.algorithm: target.digest.hex}
    subjects = [
        {"name": image_purl(references.parse(name), platform), "digest": digest} for name in names
    ]
    return gojson.dumps(
        {
            "_type": STATEMENT,
            "predicateType": predicate.type,
            "subject": subjects,
            "predicate": dict(predicate.content),
        }
    )


def store_attestation(
    store: ContentStore,
    predicates: Sequence[Predicate],
    target: Descriptor,
    names: Sequence[str],
    platform: Platform,
    *,
    artifact: bool = True,
) -> Descriptor:
    """The attestation manifest as an entry of the index that ``target`` is in. Blocks.

    Without ``artifact`` it is an image's, for registries that know nothing else.
    """
    layers = []
    for predicate in predicates:
        stored = store_bytes(store, statement(predicate, target, names, platform), _PAYLOAD)
        annotations = {"in-toto.io/predicate-type": predicate.type}
        layers.append(Descriptor(_PAYLOAD, stored.digest, stored.size, annotations=annotations))
    if artifact:
        config = store_bytes(store, b"{}", _EMPTY)
        manifest = Manifest(
            config=Descriptor(_EMPTY, config.digest, config.size, data=b"{}"),
            layers=tuple(layers),
            media_type=mediatypes.OCI_MANIFEST,
            artifact_type=_ARTIFACT,
            subject=Descriptor(target.media_type, target.digest, target.size),
        )
    else:
        config = store_bytes(store, _image_config(layers), mediatypes.OCI_CONFIG)
        manifest = Manifest(config=config, layers=tuple(layers), media_type=mediatypes.OCI_MANIFEST)
    stored = store_bytes(store, manifest.encode(), mediatypes.OCI_MANIFEST)
    return Descriptor(
        mediatypes.OCI_MANIFEST,
        stored.digest,
        stored.size,
        platform=_UNKNOWN,
        annotations={
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": str(target.digest),
        },
    )


def _image_config(layers: Sequence[Descriptor]) -> bytes:
    """A config for no platform, whose layers are the statements as they are."""
    return gojson.dumps(
        {
            "architecture": _UNKNOWN.architecture,
            "os": _UNKNOWN.os,
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [str(layer.digest) for layer in layers]},
        }
    )
