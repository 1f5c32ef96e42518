"""Blobs on disk in the form of an OCI image layout (image-spec, image-layout.md).

::

    ROOT/oci-layout, index.json
    ROOT/blobs/<algorithm>/<hex>    complete and verified, never changed
    ROOT/ingest/<random>            being written; its writer holds an flock on it

Any number of processes may share one root. A partial file whose lock can be had belongs to
nobody alive, and is removed when a store is opened.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from builder.content.errors import (
    BlobNotFound,
    BlobTooLarge,
    ContentError,
    DigestMismatch,
    SizeMismatch,
)
from builder.oci import mediatypes
from builder.oci.digest import Digest

_CHUNK = 1 << 20
_LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
_INDEX = json.dumps(
    {"schemaVersion": 2, "mediaType": mediatypes.OCI_INDEX, "manifests": []},
    separators=(",", ":"),
).encode()


class Blob(Struct, frozen=True):
    """A stored blob: its digest, and its length in bytes."""

    digest: Digest
    size: int


class BlobWriter:
    """One blob on its way into the store; a context manager.

    ``write`` and ``commit`` block (disk, hash): call them in threads. Leaving the context
    without a commit removes what was written.
    """

    def __init__(self, store: ContentStore, algorithm: str) -> None:
        self._store = store
        self._hash = hashlib.new(algorithm)
        self._algorithm = algorithm
        self._fd = -1
        self.size = 0
        """Bytes written so far."""

    def __enter__(self) -> BlobWriter:
        self._fd, self._path = self._store._partial()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._fd >= 0:
            with suppress(FileNotFoundError):
                self._path.unlink()
            os.close(self._fd)
            self._fd = -1

    def write(self, data: bytes | memoryview) -> None:
        """Append ``data``. Raises ContentError where the disk refuses."""
        self._hash.update(data)
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as error:
            raise ContentError.from_os("write a blob", self._store.root, error) from error
        self.size += len(data)

    def commit(self, expected: Digest | None = None, size: int | None = None) -> Blob:
        """Verify, make durable, and publish under the digest.

        Raises SizeMismatch and DigestMismatch where the bytes are not the promised ones,
        ContentError where the disk refuses; nothing is stored then.
        """
        if size is not None and size != self.size:
            raise SizeMismatch(size, self.size)
        digest = Digest(f"{self._algorithm}:{self._hash.hexdigest()}")
        if expected is not None and expected.algorithm != self._algorithm:
            digest = self._rehash(expected.algorithm)
        if expected is not None and digest != expected:
            raise DigestMismatch(expected, digest)
        try:
            self._publish(self._store.path(digest))
        except OSError as error:
            raise ContentError.from_os("store a blob", self._store.root, error) from error
        return Blob(digest, self.size)

    def _rehash(self, algorithm: str) -> Digest:
        with self._path.open("rb") as file:
            return Digest(f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}")

    def _publish(self, target: Path) -> None:
        if target.exists():
            return  # the same bytes, made durable by whoever stored them; ours go on exit
        os.fchmod(self._fd, 0o644)
        os.fsync(self._fd)
        target.parent.mkdir(parents=True, exist_ok=True)
        self._path.rename(target)
        os.close(self._fd)
        self._fd = -1
        _sync_directory(target.parent)


class ContentStore:
    """The blobs below ``root``, which is created where it is missing.

    Methods block, except ``ingest``. Raises ContentError where ``root`` cannot be used.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._ingest = root / "ingest"
        try:
            self._ingest.mkdir(parents=True, exist_ok=True)
            (root / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
            self._sweep()
            self._found("oci-layout", _LAYOUT)
            self._found("index.json", _INDEX)
        except OSError as error:
            raise ContentError.from_os("open the content store", root, error) from error

    def path(self, digest: Digest) -> Path:
        """Where ``digest`` is, or would be."""
        return self.root / "blobs" / digest.algorithm / digest.hex

    def has(self, digest: Digest) -> bool:
        return self.path(digest).is_file()

    def size(self, digest: Digest) -> int:
        """Length in bytes. Raises BlobNotFound."""
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError as error:
            raise BlobNotFound(digest) from error

    def open(self, digest: Digest) -> BinaryIO:
        """The blob for reading; the caller closes it. Raises BlobNotFound."""
        try:
            return self.path(digest).open("rb")
        except FileNotFoundError as error:
            raise BlobNotFound(digest) from error
        except OSError as error:
            raise ContentError.from_os("read a blob", self.root, error) from error

    def read(self, digest: Digest, limit: int) -> bytes:
        """A whole document of at most ``limit`` bytes, verified again.

        Raises BlobNotFound, BlobTooLarge, and DigestMismatch where the disk has changed it.
        """
        with self.open(digest) as file:
            size = os.fstat(file.fileno()).st_size
            if size > limit:
                raise BlobTooLarge(digest, size, limit)
            data = file.read(limit)
        hasher = digest.hasher()
        hasher.update(data)
        if hasher.hexdigest() != digest.hex:
            raise DigestMismatch(digest, Digest(f"{digest.algorithm}:{hasher.hexdigest()}"))
        return data

    def digests(self) -> Iterator[Digest]:
        """Every stored blob, in no order."""
        for folder in (self.root / "blobs").iterdir():
            for path in folder.iterdir():
                yield Digest(f"{folder.name}:{path.name}")

    def delete(self, digest: Digest) -> None:
        """Remove a blob; does nothing where there is none."""
        try:
            self.path(digest).unlink(missing_ok=True)
        except OSError as error:
            raise ContentError.from_os("delete a blob", self.root, error) from error

    def writer(self, algorithm: str = "sha256") -> BlobWriter:
        """A new blob, hashed with ``algorithm`` as it is written."""
        return BlobWriter(self, algorithm)

    async def ingest(
        self, chunks: AsyncIterator[bytes], expected: Digest | None = None, size: int | None = None
    ) -> Blob:
        """Store what ``chunks`` yields; writing overlaps with waiting for the next chunk.

        Stops reading as soon as more than ``size`` bytes came. Raises like ``commit``.
        """
        algorithm = expected.algorithm if expected is not None else "sha256"
        with self.writer(algorithm) as writer:
            # The writer must not be closed under a thread that still writes: tasks are
            # shielded from cancellation, and waited for on every way out.
            writing: asyncio.Task[None] | None = None
            gathered: list[bytes] = []
            total = unwritten = 0
            try:
                async for chunk in chunks:
                    gathered.append(chunk)
                    total += len(chunk)
                    unwritten += len(chunk)
                    if size is not None and total > size:
                        raise SizeMismatch(size, total)
                    if unwritten >= _CHUNK:
                        if writing is not None:
                            await asyncio.shield(writing)
                        data, gathered, unwritten = b"".join(gathered), [], 0
                        writing = asyncio.create_task(asyncio.to_thread(writer.write, data))
                        del data
            finally:
                if writing is not None:
                    await asyncio.wait([writing])
            if writing is not None:
                writing.result()
            last = asyncio.create_task(
                asyncio.to_thread(_finish, writer, b"".join(gathered), expected, size)
            )
            try:
                return await asyncio.shield(last)
            finally:
                await asyncio.wait([last])

    def _partial(self) -> tuple[int, Path]:
        while True:
            path = self._ingest / secrets.token_hex(8)
            try:
                fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise ContentError.from_os("write a blob", self.root, error) from error
            fcntl.flock(fd, fcntl.LOCK_EX)
            if os.fstat(fd).st_nlink:
                return fd, path
            os.close(fd)  # a sweeper took the lock between our two calls

    def _sweep(self) -> None:
        for path in self._ingest.iterdir():
            with suppress(FileNotFoundError, BlockingIOError):
                fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()
                finally:
                    os.close(fd)

    def _found(self, name: str, data: bytes) -> None:
        """Create ``name`` whole or not at all; an existing one stays as it is."""
        target = self.root / name
        if target.exists():
            return
        fd, path = self._partial()
        try:
            os.write(fd, data)
            os.fchmod(fd, 0o644)
            os.fsync(fd)
            with suppress(FileExistsError):
                os.link(path, target)
        finally:
            path.unlink()
            os.close(fd)


def _finish(writer: BlobWriter, rest: bytes, expected: Digest | None, size: int | None) -> Blob:
    if rest:
        writer.write(rest)
    return writer.commit(expected, size)


def _sync_directory(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
