"""Archives are byte for byte those that BuildKit 0.32 wrote of the same image and tree."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tarfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from builder.content.store import ContentStore
from builder.exporters import image as images
from builder.exporters import layout
from builder.exporters.rootfstar import write_tar
from builder.exporters.types import Layer, PlatformImage
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.oci.platform import Platform

GOLDEN = Path(__file__).parent / "golden" / "archive.tar"
"""``FROM scratch``, ``COPY f /d/f``, ``ENV A=b`` as type=oci with two names."""
DOCKER = "e99b99af3f6713aeec611d2964272e127d0f305cc977d411061ab3685db63362"
"""The sha256 of the same as type=docker, and below as type=tar."""
TREE = "5472023d7ac16f18f9b918516b44381f10b46d7503d170324ce9b7afce77a487"
NAMES = ["example.com/a:1", "docker.io/library/b:2"]
WRITTEN = int(datetime.fromisoformat("2026-11-24T05:26:18+00:00").timestamp())


@pytest.fixture
def top(store: ContentStore) -> Descriptor:
    """The image, put together again from the config's parts and the layer."""
    with tarfile.open(GOLDEN) as tar:
        blobs = {
            member.name[-64:]: tar.extractfile(member).read()  # type: ignore[union-attr]
            for member in tar
            if member.isfile() and member.name.startswith("blobs/")
        }
    documents: list[dict[str, Any]] = []
    for data in blobs.values():
        with contextlib.suppress(ValueError):
            documents.append(json.loads(data))
    config = next(document for document in documents if "rootfs" in document)
    manifest = next(document for document in documents if "layers" in document)
    (layer,) = manifest["layers"]
    with store.writer() as writer:
        writer.write(blobs[layer["digest"][7:]])
        writer.commit()
    image = PlatformImage(
        Platform("linux", "amd64"),
        {"config": config["config"], "history": config["history"]},
        (Layer(Descriptor.from_json(layer), Digest(config["rootfs"]["diff_ids"][0])),),
        lambda: contextlib.nullcontext(Path()),
    )
    return images.store_image(store, image).manifest


def test_an_oci_archive_is_equal_to_buildkits(store: ContentStore, top: Descriptor) -> None:
    file = io.BytesIO()
    layout.write_archive(file, store, top, NAMES, epoch=WRITTEN)
    assert file.getvalue() == GOLDEN.read_bytes()


def test_dockers_archive_is_equal_to_buildkits(store: ContentStore, top: Descriptor) -> None:
    file = io.BytesIO()
    layout.write_archive(file, store, top, NAMES, epoch=WRITTEN, docker=True)
    assert hashlib.sha256(file.getvalue()).hexdigest() == DOCKER


@pytest.mark.root
def test_the_tar_of_a_tree_is_equal_to_buildkits(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_text("hi\n")
    for path, mode, mtime in (("d/f", 0o644, 0o15301217767), ("d", 0o755, 0o15301217772)):
        (tmp_path / path).chmod(mode)
        os.utime(tmp_path / path, (mtime, mtime))
    file = io.BytesIO()
    write_tar(file, [("", tmp_path)])
    assert hashlib.sha256(file.getvalue()).hexdigest() == TREE
