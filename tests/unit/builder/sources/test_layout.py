"""Images in OCI layouts: which one a text names, and what their blobs are worth."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from builder.oci import reference as references
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.sources.errors import SourceError
from builder.sources.layout import LayoutOrigin, find_image

NAME, CONTAINERD = "org.opencontainers.image.ref.name", "io.containerd.image.name"
MANIFEST = b'{"schemaVersion":2,"config":{"mediaType":"x","digest":"sha256:%b","size":1}}' % (
    b"1" * 64
)


def entry(content: bytes, **annotations: str) -> dict[str, Any]:
    return {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": str(Digest.of(content)),
        "size": len(content),
        "annotations": annotations,
    }


def layout(root: Path, *entries: dict[str, Any]) -> Path:
    root.mkdir()
    (root / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))
    return root


def test_an_image_is_found_by_tag_by_name_or_because_it_is_alone(tmp_path: Path) -> None:
    one = layout(tmp_path / "one", entry(b"a"))
    assert find_image(str(one)) == (one, "latest", Digest.of(b"a"))
    assert find_image(f"{one}:v1") == (one, "v1", Digest.of(b"a"))
    two = layout(
        tmp_path / "two", entry(b"a", **{NAME: "latest"}), entry(b"b", **{CONTAINERD: "v1"})
    )
    assert find_image(str(two))[2] == Digest.of(b"a")
    assert find_image(f"{two}:v1")[2] == Digest.of(b"b")
    pinned = Digest.of(b"z")
    assert find_image(f"{two}:v1@{pinned}") == (two, "v1", pinned)
    with pytest.raises(SourceError, match="could not be resolved") as refused:
        find_image(f"{two}:v2")
    assert "latest" in refused.value.hint


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"manifests": [1]}', '{"manifests": 1}'])
def test_an_index_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(SourceError, match="is no index of images"):
        find_image(str(tmp_path))


def test_a_directory_that_is_no_layout(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"could not be resolved: open .*no such file"):
        find_image(str(tmp_path))
    os.mkfifo(tmp_path / "index.json")
    with pytest.raises(SourceError, match="not a regular file"):
        find_image(str(tmp_path))


def put(root: Path, digest: Digest, data: bytes) -> None:
    path = root / "blobs" / "sha256" / digest.hex
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


async def test_what_a_digest_stands_for(tmp_path: Path) -> None:
    digest = Digest.of(MANIFEST)
    put(tmp_path, digest, MANIFEST)
    origin, reference = LayoutOrigin(tmp_path), references.parse(f"x@{digest}")
    found = (await origin.resolve(reference)).descriptor
    kind = "application/vnd.oci.image.manifest.v1+json"
    assert found == Descriptor(kind, digest, len(MANIFEST))
    assert await origin.fetch_manifest(reference, found) == MANIFEST
    assert b"".join([chunk async for chunk in origin.fetch_blob(reference, found)]) == MANIFEST


async def test_a_blob_that_is_not_what_its_name_says(tmp_path: Path) -> None:
    digest = Digest.of(MANIFEST)
    put(tmp_path, digest, MANIFEST + b" ")
    origin, reference = LayoutOrigin(tmp_path), references.parse(f"x@{digest}")
    with pytest.raises(SourceError, match="is not what its name says"):
        await origin.resolve(reference)
    put(tmp_path, Digest.of(b"{}"), b"{}")
    with pytest.raises(SourceError, match="manifest has no config, no layers and no manifests"):
        await origin.resolve(references.parse(f"x@{Digest.of(b'{}')}"))
