"""An image as an OCI layout, in a tar archive or a directory (image-spec, image-layout.md).

The docker form is the same with a ``manifest.json``, which older engines read.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from msgspec.structs import replace

from builder.content.store import ContentStore
from builder.exporters.errors import ExportError, unwritable
from builder.exporters.gotime import format_time
from builder.exporters.graph import closure
from builder.exporters.tarstream import TarStream
from builder.oci import gojson, mediatypes
from builder.oci import reference as references
from builder.oci.descriptor import Descriptor
from builder.oci.manifest import MAX_MANIFEST, Index, Manifest, parse
from builder.snapshot import tarwrite

_LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
_NAME = "io.containerd.image.name"
_REF_NAME = "org.opencontainers.image.ref.name"
_CREATED = "org.opencontainers.image.created"
_CHUNK = 1 << 20
_BLOB, _DOCUMENT, _DIRECTORY = 0o444, 0o644, 0o755


def index_entries(
    top: Descriptor, names: Sequence[str], epoch: int | None
) -> tuple[Descriptor, ...]:
    """The entries of ``index.json``: one a name, or one without any."""
    seconds = epoch if epoch is not None else int(time.time())
    created = {_CREATED: format_time(seconds * 10**9)}
    if not names:
        return (replace(top, annotations={**top.annotations, **created}),)
    return tuple(
        replace(
            top,
            annotations={**top.annotations, _NAME: name, _REF_NAME: _tag(name), **created},
        )
        for name in names
    )


def write_archive(
    file: BinaryIO,
    store: ContentStore,
    top: Descriptor,
    names: Sequence[str],
    *,
    epoch: int | None = None,
    docker: bool = False,
) -> None:
    """A tar of the layout: entries sorted by name, all times 0, blobs streamed. Blocks.

    ``file`` need not be seekable. With ``docker``, ``top`` must be one platform's image.
    """
    write_images(file, store, [(top, names)], epoch=epoch, docker=docker)


def write_images(
    file: BinaryIO,
    store: ContentStore,
    images: Sequence[tuple[Descriptor, Sequence[str]]],
    *,
    epoch: int | None = None,
    docker: bool = False,
) -> None:
    """As ``write_archive``, of several images with the names of each."""
    entries = [entry for top, names in images for entry in index_entries(top, names, epoch)]
    documents = {"index.json": _compact_index(entries), "oci-layout": _LAYOUT}
    if docker:
        rows = [_docker_entry(store, top, names) for top, names in images]
        documents["manifest.json"] = gojson.dumps(rows)
    parts = [closure(store, top) for top, _ in images]
    blobs = {_path(d): d for needed in parts for d in (*needed.blobs, *needed.manifests)}
    folders = {"blobs/"} | {path.rsplit("/", 1)[0] + "/" for path in blobs}
    tar = TarStream(file)
    for path in sorted((*documents, *blobs, *folders)):
        name = path.encode()
        if path in folders:
            tar.header(tarwrite.entry(name, b"5", mode=_DIRECTORY))
        elif path in blobs:
            digest = blobs[path].digest
            size = store.size(digest)
            with store.open(digest) as blob:
                tar.content(tarwrite.entry(name, b"0", mode=_BLOB, size=size), blob, size)
        else:
            data = documents[path]
            mode = _BLOB if path == "oci-layout" else _DOCUMENT
            header = tarwrite.entry(name, b"0", mode=mode, size=len(data))
            tar.content(header, io.BytesIO(data), len(data))
    tar.end()


def write_directory(
    dest: Path,
    store: ContentStore,
    top: Descriptor,
    names: Sequence[str],
    *,
    epoch: int | None = None,
) -> None:
    """The layout as a directory; images that are there under other names stay. Blocks.

    ``index.json`` is replaced last, so that a reader never sees an image that is not whole.
    """
    needed = closure(store, top)
    try:
        dest.mkdir(parents=True, exist_ok=True)
        with _locked(dest):
            for descriptor in (*needed.blobs, *needed.manifests):
                _copy_blob(store, descriptor, dest / _path(descriptor))
            if not (dest / "oci-layout").exists():
                _replace(dest / "oci-layout", _LAYOUT)
            entries = _merged(dest / "index.json", index_entries(top, names, epoch))
            _replace(dest / "index.json", _compact_index(entries))
    except OSError as error:
        raise unwritable(dest, error) from error


def _tag(name: str) -> str:
    reference = references.parse(name)
    return reference.tag or str(reference.digest or "")


def _path(descriptor: Descriptor) -> str:
    return f"blobs/{descriptor.digest.algorithm}/{descriptor.digest.hex}"


def _compact_index(entries: Sequence[Descriptor]) -> bytes:
    return gojson.dumps(
        {
            "schemaVersion": 2,
            "mediaType": mediatypes.OCI_INDEX,
            "manifests": [entry.to_json() for entry in entries],
        }
    )


def _docker_entry(store: ContentStore, top: Descriptor, names: Sequence[str]) -> Mapping[str, Any]:
    manifest = parse(store.read(top.digest, MAX_MANIFEST), top.media_type)
    if not isinstance(manifest, Manifest):
        raise ExportError(
            "docker exporter does not currently support exporting manifest lists",
            hint="choose one platform, or the oci type",
        )
    tags = [references.parse(name).familiar() for name in names]
    return {
        "Config": _path(manifest.config),
        "RepoTags": tags or None,
        "Layers": [_path(layer) for layer in manifest.layers],
    }


@contextlib.contextmanager
def _locked(dest: Path) -> Iterator[None]:
    descriptor = os.open(dest, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _copy_blob(store: ContentStore, descriptor: Descriptor, target: Path) -> None:
    if target.exists() and target.stat().st_size == descriptor.size:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        with store.open(descriptor.digest) as source, partial.open("xb") as copy:
            shutil.copyfileobj(source, copy, _CHUNK)
            copy.flush()
            os.fsync(copy.fileno())
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _replace(target: Path, data: bytes) -> None:
    partial = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    partial.write_bytes(data)
    partial.replace(target)


def _merged(index: Path, fresh: Sequence[Descriptor]) -> list[Descriptor]:
    """What ``index.json`` has under other names, then ``fresh``."""
    try:
        document = json.loads(index.read_bytes())
    except FileNotFoundError:
        return list(fresh)
    except ValueError as error:
        raise ExportError(f"{index} is not JSON", hint="choose another directory") from error
    present = parse(gojson.dumps(document), mediatypes.OCI_INDEX)
    if not isinstance(present, Index):
        raise ExportError(f"{index} is no image index", hint="choose another directory")
    names = {entry.annotations.get(_NAME) for entry in fresh}
    refs = {entry.annotations.get(_REF_NAME) for entry in fresh}
    digests = {entry.digest for entry in fresh}
    kept = [
        entry
        for entry in present.manifests
        if entry.annotations.get(_NAME, "") not in names
        and not (_NAME not in entry.annotations and entry.annotations.get(_REF_NAME) in refs)
        and not (_REF_NAME not in entry.annotations and entry.digest in digests)
    ]
    return [*kept, *fresh]
