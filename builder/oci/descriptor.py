"""Descriptors (OCI image-spec, descriptor.md)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from builder.errors import BuilderError
from builder.oci.digest import Digest, InvalidDigest
from builder.oci.platform import Platform


class InvalidDocument(BuilderError):
    """A manifest, index, config or descriptor that is not what its media type says."""


class Descriptor(Struct, frozen=True):
    """What a blob is (``media_type``), which one (``digest``), and how long (``size``, bytes).

    ``data`` is the blob itself where a manifest carries it; it is not read back.
    """

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    urls: tuple[str, ...] = ()
    artifact_type: str = ""
    data: bytes = b""

    def to_json(self) -> dict[str, Any]:
        """Keys in the order of Go's ``ocispec.Descriptor``; empty ones left out."""
        out: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": self.size,
        }
        if self.urls:
            out["urls"] = list(self.urls)
        if self.annotations:
            out["annotations"] = dict(sorted(self.annotations.items()))
        if self.data:
            out["data"] = base64.b64encode(self.data).decode()
        if self.platform is not None:
            out["platform"] = self.platform.to_json()
        if self.artifact_type:
            out["artifactType"] = self.artifact_type
        return out

    @classmethod
    def from_json(cls, data: object) -> Descriptor:
        """Raises InvalidDocument where a required field is missing or of a wrong type."""
        if not isinstance(data, dict):
            raise InvalidDocument("a descriptor must be a JSON object")
        size, platform = data.get("size"), data.get("platform")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise InvalidDocument(f"descriptor with invalid size {size!r}")
        try:
            digest = Digest(str(data.get("digest")))
        except InvalidDigest as error:
            raise InvalidDocument(f"descriptor with {error}") from error
        annotations = data.get("annotations")
        urls = data.get("urls")
        return cls(
            media_type=str(data.get("mediaType") or ""),
            digest=digest,
            size=size,
            platform=Platform.from_json(platform) if isinstance(platform, dict) else None,
            annotations={str(k): str(v) for k, v in annotations.items()}
            if isinstance(annotations, dict)
            else {},
            urls=tuple(str(u) for u in urls) if isinstance(urls, list) else (),
            artifact_type=str(data.get("artifactType") or ""),
        )
