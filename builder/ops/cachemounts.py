"""Cache mounts: directories that outlive a build (``RUN --mount=type=cache``)."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import mkdtemp

from builder.llb.ops import CacheSharing
from builder.oci.digest import Digest
from builder.ops.errors import OpError
from builder.ops.threads import in_thread
from builder.ops.treecopy import CopyOptions, copy_tree
from builder.snapshot import mounts
from builder.snapshot.inside import Inside, clean
from builder.snapshot.types import Snapshotter

_POLL = 0.05
"""Seconds between two looks at a lock that another step holds."""


class CacheMounts:
    """The cache directories below one directory, shared by all builds on it."""

    def __init__(self, root: Path, snapshots: Snapshotter) -> None:
        self._root = root
        self._snapshots = snapshots

    @asynccontextmanager
    async def lend(self, id: str, base: str | None, sharing: CacheSharing) -> AsyncIterator[Path]:
        """The directory of cache ``id`` whose first content is the snapshot ``base``.

        SHARED lends it to all at once, LOCKED to one after the other, PRIVATE gives a second
        user at the same time a directory of its own.
        """
        key = Digest.of(f"{id}\0{base or ''}".encode()).hex
        number = 0
        while True:
            slot = self._root / (key if number == 0 else f"{key}.{number}")
            # Steps put programs here that run as their owner: no user of this host may reach them.
            slot.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(slot / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                held = await self._lock(lock, sharing)
                if held:
                    yield await self._filled(slot, base)
                    return
            finally:
                os.close(lock)
            number += 1

    async def _lock(self, lock: int, sharing: CacheSharing) -> bool:
        """Hold it for the length of a step; False where a PRIVATE one is taken."""
        kind = fcntl.LOCK_SH if sharing == CacheSharing.SHARED else fcntl.LOCK_EX
        while True:
            try:
                fcntl.flock(lock, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if sharing == CacheSharing.PRIVATE:
                    return False
                await asyncio.sleep(_POLL)
            else:
                return True

    async def _filled(self, slot: Path, base: str | None) -> Path:
        """The data directory; made on first use, complete or not at all."""
        data = slot / "data"
        if not data.exists():
            await in_thread(lambda cancelled: self._fill_once(slot, data, base))
        return data

    def _fill_once(self, slot: Path, data: Path, base: str | None) -> None:
        # In one thread: threads are few, and all may be waiting here for the one that fills.
        guard = os.open(slot / "filling", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(guard, fcntl.LOCK_EX)
            if not data.exists():
                self._fill(slot, data, base)
        finally:
            os.close(guard)

    def _fill(self, slot: Path, data: Path, base: str | None) -> None:
        partial = slot / "partial"
        if base is None:
            partial.mkdir(mode=0o755, exist_ok=True)
        else:
            with self._snapshots.view(base) as tree:
                options = CopyOptions(copy_dir_contents=True)
                copy_tree(str(tree), "/", str(slot), "/partial", options)
        partial.rename(data)


@contextmanager
def bound_below(cache: Path, path: str, place: Path) -> Iterator[Path]:
    """A directory of ``cache`` as a mount in ``place``.

    Steps that run meanwhile may put links anywhere in the cache: what is mounted is the
    directory that was opened, without one of them being followed out of the cache. Raises
    OpError where it is missing, or something else is in its place.
    """
    target = Path(mkdtemp(prefix="below-", dir=place))
    try:
        with Inside(cache) as inside:
            try:
                found = inside.directory(clean(os.fsencode(path)), create=False)
            except OSError as error:
                why = (error.strerror or str(error)).lower()
                raise OpError(
                    f"open {path}: {why}",
                    hint="source= names a directory of the cache, or of the stage that from= names",
                ) from error
            mounts.bind(Path(f"/proc/self/fd/{found.fd}"), target)
        try:
            yield target
        finally:
            mounts.unmount(target)
    finally:
        target.rmdir()
