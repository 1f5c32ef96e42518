"""A store, and an image in it whose layers are small tars."""

from __future__ import annotations

import contextlib
import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder.content.store import ContentStore
from builder.exporters.types import Layer, PlatformImage
from builder.oci import mediatypes
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.oci.platform import Platform

MakeImage = Callable[..., PlatformImage]


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "content")


def layer_of(store: ContentStore, name: str) -> Layer:
    """A stored, uncompressed layer with one file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(name)
        tar.addfile(entry, io.BytesIO(name.encode()))
    data = buffer.getvalue()
    with store.writer() as writer:
        writer.write(data)
        blob = writer.commit()
    return Layer(Descriptor(mediatypes.OCI_LAYER, blob.digest, blob.size), Digest.of(data))


@pytest.fixture
def make_image(store: ContentStore, tmp_path: Path) -> MakeImage:
    def make(platform: Platform | None = None, *names: str) -> PlatformImage:
        wanted = platform or Platform("linux", "amd64")
        layers = tuple(layer_of(store, name) for name in names or (f"file-{wanted.architecture}",))
        tree = tmp_path / f"tree-{wanted.architecture}"
        tree.mkdir(exist_ok=True)
        (tree / "file").write_text(wanted.architecture)

        @contextlib.contextmanager
        def view() -> Iterator[Path]:
            yield tree

        config = {
            "config": {"Env": ["PATH=/bin"], "Cmd": ["sh", "-c", "a && b"]},
            "history": [
                {"created": "2024-01-01T00:00:00Z", "created_by": f"RUN {n}"} for n in names or "x"
            ],
        }
        return PlatformImage(wanted, config, layers, view)

    return make
