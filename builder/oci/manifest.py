"""Image manifests and indexes, OCI's and Docker's (image-spec, manifest.md, image-index.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from builder.oci import gojson, mediatypes
from builder.oci.descriptor import Descriptor, InvalidDocument
from builder.oci.platform import Platform, candidates, matches

MAX_MANIFEST = 4 * 1024 * 1024
"""Bytes of the largest manifest that is read; distribution-spec has registries take as much."""


class Manifest(Struct, frozen=True):
    """One image: its config and its layers, bottom first."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    media_type: str = mediatypes.OCI_MANIFEST
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str = ""
    subject: Descriptor | None = None

    def encode(self) -> bytes:
        """As BuildKit writes it: indented by two blanks, no final newline."""
        out: dict[str, Any] = {"schemaVersion": 2, "mediaType": self.media_type}
        if self.artifact_type:
            out["artifactType"] = self.artifact_type
        out["config"] = self.config.to_json()
        out["layers"] = [layer.to_json() for layer in self.layers]
        if self.subject is not None:
            out["subject"] = self.subject.to_json()
        if self.annotations:
            out["annotations"] = dict(sorted(self.annotations.items()))
        return gojson.dumps(out, indent=2)


class Index(Struct, frozen=True):
    """Manifests of one name for several platforms, and attestations about them."""

    manifests: tuple[Descriptor, ...]
    media_type: str = mediatypes.OCI_INDEX
    annotations: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        out: dict[str, Any] = {"schemaVersion": 2, "mediaType": self.media_type}
        out["manifests"] = [manifest.to_json() for manifest in self.manifests]
        if self.annotations:
            out["annotations"] = dict(sorted(self.annotations.items()))
        return gojson.dumps(out, indent=2)

    def platforms(self) -> tuple[Platform, ...]:
        """The platforms that have an image here; attestations left aside."""
        return tuple(
            m.platform
            for m in self.manifests
            if m.platform is not None and m.platform.os not in ("", "unknown")
        )

    def select(self, wanted: Platform) -> Descriptor | None:
        """The manifest for ``wanted``, or the best that such a machine runs as well.

        A descriptor without a platform matches only where no other does, as in containerd.
        """
        images = [m for m in self.manifests if not m.annotations.get("vnd.docker.reference.type")]
        for candidate in candidates(wanted):
            for manifest in images:
                if manifest.platform is not None and matches(candidate, manifest.platform):
                    return manifest
        for manifest in images:
            if manifest.platform is None and mediatypes.is_manifest(manifest.media_type):
                return manifest
        return None


def parse(data: bytes, media_type: str) -> Manifest | Index:
    """What ``data`` is, by its own ``mediaType`` or, where it has none, by ``media_type``.

    Raises InvalidDocument for anything else than a schema 2 or OCI manifest or index. A
    document that has both ``manifests`` and ``layers`` is refused (CVE-2021-41190).
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        start = data[:64].decode("utf-8", "replace").strip()
        raise InvalidDocument(f"manifest is not JSON: it begins {start!r}") from error
    if not isinstance(document, dict):
        raise InvalidDocument("manifest is not a JSON object")
    if document.get("schemaVersion") == 1 or media_type.startswith(
        (mediatypes.DOCKER_MANIFEST_V1, mediatypes.DOCKER_MANIFEST_V1_SIGNED)
    ):
        raise InvalidDocument(
            "manifest has the obsolete schema 1",
            hint="push the image again with a current client; schema 1 was dropped everywhere",
        )
    manifests, layers = document.get("manifests"), document.get("layers")
    if manifests is not None and (layers is not None or document.get("config") is not None):
        raise InvalidDocument("manifest is ambiguous: it has both manifests and layers")
    declared = document.get("mediaType")
    kind = declared if isinstance(declared, str) and declared else media_type.partition(";")[0]
    annotations = document.get("annotations")
    notes = (
        {str(k): str(v) for k, v in annotations.items()} if isinstance(annotations, dict) else {}
    )
    if isinstance(manifests, list):
        return Index(
            manifests=tuple(Descriptor.from_json(m) for m in manifests),
            media_type=kind if kind in mediatypes.INDEXES else mediatypes.OCI_INDEX,
            annotations=notes,
        )
    if isinstance(layers, list) or document.get("config") is not None:
        subject = document.get("subject")
        return Manifest(
            config=Descriptor.from_json(document.get("config")),
            layers=tuple(Descriptor.from_json(layer) for layer in layers or ()),
            media_type=kind if kind in mediatypes.MANIFESTS else mediatypes.OCI_MANIFEST,
            annotations=notes,
            artifact_type=str(document.get("artifactType") or ""),
            subject=Descriptor.from_json(subject) if isinstance(subject, dict) else None,
        )
    if kind in mediatypes.MANIFESTS or kind in mediatypes.INDEXES:
        raise InvalidDocument("manifest has no config, no layers and no manifests")
    raise InvalidDocument(f"unsupported manifest media type {kind!r}")
