"""Snapshots to layers and back: the face of this room for layer blobs.

``apply_layer`` and ``open_layer`` are here too, so that callers need one module.
"""
# Inner loops: os calls on strings, no Path per file.

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, BinaryIO, Protocol, cast

from msgspec import Struct

from builder.content import ContentStore
from builder.oci import mediatypes
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.snapshot import tarwrite
from builder.snapshot.compression import (
    CHUNK,
    CorruptLayer,
    DiffIdMismatch,
    LayerStream,
    compressor,
    open_layer,
)
from builder.snapshot.tarread import InvalidTar
from builder.snapshot.tree import refused
from builder.snapshot.types import Active, Change, ChangeKind, SnapshotError
from builder.snapshot.unpack import apply_layer

__all__ = [
    "CorruptLayer",
    "DiffIdMismatch",
    "InvalidTar",
    "Layer",
    "LayerStats",
    "LayerStream",
    "apply_blob",
    "apply_layer",
    "create_layer_blob",
    "open_layer",
    "write_layer",
]

_MEDIA_TYPES = {
    "gzip": mediatypes.OCI_LAYER_GZIP,
    "zstd": mediatypes.OCI_LAYER_ZSTD,
    "uncompressed": mediatypes.OCI_LAYER,
}


class Output(Protocol):
    """Where a tar goes: anything whose ``write`` takes all it is given (a buffered file)."""

    def write(self, data: bytes, /) -> object: ...


class Changes(Protocol):
    """Where changes come from: a snapshotter, or two trees that are compared."""

    def changes(self, id: str) -> Iterator[Change]: ...


class LayerStats(Struct, frozen=True):
    """What a layer tar holds: ``entries`` headers, and ``size`` bytes in all."""

    entries: int
    size: int


class Layer(Struct, frozen=True):
    """A layer blob in the store. ``size`` is that of its tar, uncompressed."""

    descriptor: Descriptor
    diff_id: Digest
    size: int


def never() -> bool:
    """Work that nobody gives up."""
    return False


def apply_blob(
    store: ContentStore,
    descriptor: Descriptor,
    diff_id: Digest | None,
    active: Active,
    cancelled: Callable[[], bool] = never,
) -> None:
    """Apply a stored layer to ``active``, and see that its uncompressed bytes are ``diff_id``.

    ``cancelled`` is asked now and then; once true, SnapshotError is raised. On any error
    ``active`` is discarded. Raises SnapshotError (DiffIdMismatch, CorruptLayer, InvalidTar)
    and ContentError where the blob is not stored.
    """
    try:
        store.size(descriptor.digest)  # BlobNotFound where it is missing
        with open_layer(store.path(descriptor.digest), descriptor.media_type, diff_id) as stream:
            apply_layer(cast("BinaryIO", _Watched(stream.read, cancelled)), active.path)
    except BaseException:
        active.discard()
        raise


def write_layer(snapshotter: Changes, id: str, out: Output, epoch: int | None = None) -> LayerStats:
    """Write what ``id`` changed as a layer tar, the way BuildKit's overlay differ does.

    ``epoch`` (seconds) caps modification times. Raises SnapshotError.
    """
    writer = _LayerWriter(out, epoch)
    for change in snapshotter.changes(id):
        writer.add(change)
    return writer.finish()


def create_layer_blob(
    snapshotter: Changes,
    id: str,
    store: ContentStore,
    compression: str = "gzip",
    level: int | None = None,
    epoch: int | None = None,
    cancelled: Callable[[], bool] = never,
) -> Layer:
    """Write, hash and compress the layer of ``id``, and store it; blocks.

    ``cancelled`` is asked now and then; once true, SnapshotError is raised.
    ``compression`` is ``gzip``, ``zstd`` or ``uncompressed``. Levels 0 of gzip and
    ``uncompressed`` give the very bytes that BuildKit gives. Raises SnapshotError,
    ContentError.
    """
    if compression not in _MEDIA_TYPES:
        raise SnapshotError(
            f"unknown layer compression {compression!r}", hint=f"choose {', '.join(_MEDIA_TYPES)}"
        )
    with store.writer() as blob:
        squeeze = compressor(compression, level, blob.write)
        try:
            with _DiffId(squeeze.write) as diff_id:
                out = _Watched(diff_id.write, cancelled)
                stats = write_layer(snapshotter, id, out, epoch)
                digest = diff_id.finish()
            squeeze.finish()
        finally:
            squeeze.close()
        stored = blob.commit()
    # BuildKit leaves this in the manifest, whose digest has it in it
    dated = {} if epoch is None else {"buildkit/rewritten-timestamp": str(epoch)}
    descriptor = Descriptor(
        _MEDIA_TYPES[compression], stored.digest, stored.size, annotations=dated
    )
    return Layer(descriptor, digest, stats.size)


def convert_layer_blob(
    store: ContentStore,
    descriptor: Descriptor,
    diff_id: Digest,
    compression: str,
    level: int | None = None,
    cancelled: Callable[[], bool] = never,
) -> Layer:
    """The same tar as a stored layer, compressed anew, and stored; blocks.

    Raises SnapshotError, ContentError.
    """
    store.size(descriptor.digest)  # BlobNotFound where it is missing
    size = 0
    with store.writer() as blob:
        squeeze = compressor(compression, level, blob.write)
        try:
            with open_layer(store.path(descriptor.digest), descriptor.media_type, diff_id) as tar:
                source = _Watched(tar.read, cancelled)
                while data := source.read(CHUNK):
                    size += len(data)
                    squeeze.write(data)
            squeeze.finish()
        finally:
            squeeze.close()
        stored = blob.commit()
    made = Descriptor(_MEDIA_TYPES[compression], stored.digest, stored.size)
    return Layer(made, diff_id, size)


class _Watched:
    """A ``read`` or ``write`` that ends in an error once nobody wants the result any more."""

    def __init__(self, call: Callable[..., Any], cancelled: Callable[[], bool]) -> None:
        self._call = call
        self._cancelled = cancelled

    def read(self, size: int = -1, /) -> bytes:
        self._check()
        data: bytes = self._call(size)
        return data

    def write(self, data: bytes, /) -> None:
        self._check()
        self._call(data)

    def _check(self) -> None:
        if self._cancelled():
            raise SnapshotError("context canceled")


class _DiffId:
    """Hashes what passes, one chunk behind, in a thread."""

    def __init__(self, sink: Callable[[bytes], None]) -> None:
        self._sink = sink
        self._digest = Digest.of(b"").hasher()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="diff-id")
        self._hashing: Future[None] | None = None

    def write(self, data: bytes, /) -> None:
        if self._hashing is None and len(data) < CHUNK:  # all there is: not worth a thread
            self._digest.update(data)
            self._sink(data)
            return
        if self._hashing is not None:
            self._hashing.result()
        self._hashing = self._thread.submit(self._digest.update, data)
        self._sink(data)

    def finish(self) -> Digest:
        if self._hashing is not None:
            self._hashing.result()
        return Digest(f"sha256:{self._digest.hexdigest()}")

    def __enter__(self) -> _DiffId:
        return self

    def __exit__(self, *exc: object) -> None:
        self._thread.shutdown(cancel_futures=True)


class _LayerWriter:
    """Gathers entries into chunks of ``CHUNK`` bytes exactly, so that the compressed bytes
    depend on the tar alone."""

    def __init__(self, out: Output, epoch: int | None) -> None:
        self._out = out
        self._epoch = epoch
        self._gathered = bytearray()
        self._entries = 0
        self._size = 0
        self._links: dict[tuple[int, int], bytes] = {}

    def add(self, change: Change) -> None:
        name = os.fsencode(change.path)
        if change.kind is ChangeKind.DELETE or change.source is None:
            folder, slash, base = name.rpartition(b"/")
            self._put(tarwrite.whiteout(folder + slash + b".wh." + base))
            self._entries += 1
            return
        try:
            self._add_inode(name, change.source, os.lstat(change.source))
        except OSError as error:
            raise refused("read", change.source, error) from error

    def _add_inode(self, name: bytes, source: str, found: os.stat_result) -> None:
        mode = found.st_mode
        kind, link, size = _kind(mode), b"", 0
        if kind == b"":
            return  # a socket
        if kind == b"5":
            name += b"/"
        elif kind == b"2":
            link = os.fsencode(os.readlink(source))
        if found.st_nlink > 1 and kind != b"5":
            inode = (found.st_dev, found.st_ino)
            first = self._links.setdefault(inode, name)
            if first is not name:
                kind, link = b"1", first
        if kind == b"0":
            size = found.st_size
        mtime = int(found.st_mtime_ns // 1_000_000_000)
        device = kind in (b"3", b"4")
        header = tarwrite.entry(
            name,
            kind,
            link=link,
            mode=mode & 0o7777,
            uid=found.st_uid,
            gid=found.st_gid,
            size=size,
            mtime=mtime if self._epoch is None else min(mtime, self._epoch),
            major=os.major(found.st_rdev) if device else 0,
            minor=os.minor(found.st_rdev) if device else 0,
            xattrs=_capability(source),
        )
        self._entries += 1
        self._put(header)
        if size:
            self._copy(source, size)

    def _copy(self, source: str, size: int) -> None:
        fd = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            left = size
            while left:
                data = os.read(fd, min(left, CHUNK - len(self._gathered) % CHUNK))
                if not data:
                    raise SnapshotError(f"{source} became shorter while it was read")
                left -= len(data)
                self._put(data)
        finally:
            os.close(fd)
        if size % 512:
            self._put(tarwrite.padding(size))

    def _put(self, data: bytes) -> None:
        gathered = self._gathered
        gathered += data
        self._size += len(data)
        while len(gathered) >= CHUNK:
            with memoryview(gathered) as view:
                chunk = bytes(view[:CHUNK])
            del gathered[:CHUNK]
            self._out.write(chunk)

    def finish(self) -> LayerStats:
        self._put(tarwrite.END)
        if self._gathered:
            self._out.write(bytes(self._gathered))
            self._gathered.clear()
        return LayerStats(self._entries, self._size)


def _kind(mode: int) -> bytes:
    """The type flag; empty for what a layer cannot hold."""
    if stat.S_ISREG(mode):
        return b"0"
    if stat.S_ISDIR(mode):
        return b"5"
    if stat.S_ISLNK(mode):
        return b"2"
    if stat.S_ISCHR(mode):
        return b"3"
    if stat.S_ISBLK(mode):
        return b"4"
    return b"6" if stat.S_ISFIFO(mode) else b""


def _capability(path: str) -> dict[bytes, bytes] | None:
    """The only xattr that belongs in a layer."""
    try:
        value = os.getxattr(path, "security.capability", follow_symlinks=False)
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOTSUP):
            return None
        raise
    return {b"security.capability": value} if value else None
