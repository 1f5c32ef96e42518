"""The image that every server of a case has."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


def _layer() -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("hello"), io.BytesIO())
    return held.getvalue()


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _described(kind: str, content: bytes) -> dict[str, object]:
    return {"mediaType": kind, "size": len(content), "digest": digest(content)}


_TAR = _layer()
LAYER = gzip.compress(_TAR, mtime=0)
CONFIG = json.dumps(
    {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest(_TAR)]},
        "history": [{"created": "2024-01-01T00:00:00Z", "created_by": "COPY hello /"}],
    }
).encode()
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": _described("application/vnd.docker.container.image.v1+json", CONFIG),
        "layers": [_described("application/vnd.docker.image.rootfs.diff.tar.gzip", LAYER)],
    }
).encode()
DIGEST = digest(MANIFEST)
BLOBS = {digest(each): each for each in (LAYER, CONFIG, MANIFEST)}
