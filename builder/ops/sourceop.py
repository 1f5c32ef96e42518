"""Source ops: whatever comes from outside the graph, by the scheme of its identifier."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from builder.events import LogEvent
from builder.ops.keys import image_key, source_key
from builder.ops.results import Received, Tree
from builder.ops.threads import in_thread
from builder.solver.types import CacheMap, Job, Result
from builder.sources.image import PinnedImage
from builder.sources.local import LocalTree

if TYPE_CHECKING:
    from builder.sources.git.source import GitTree
    from builder.sources.http import HttpFile


class ImageOperation:
    """``docker-image://``: the layers of an image, applied."""

    def __init__(self, image: PinnedImage) -> None:
        self._image = image

    async def cache_map(self, job: Job) -> CacheMap:
        root = await self._image.root()
        key = image_key(root.digest, self._image.platform)
        chain = await self._image.chain()
        return CacheMap(
            digest=source_key(key),
            aliases=(source_key(chain),) if chain else (),
            describe={"image": str(root.digest)},
        )

    async def execute(self, job: Job, inputs: Sequence[Result]) -> Sequence[Result]:
        return [Tree.of(await self._image.snapshot(job.emit, job.vertex.digest))]


class LocalOperation:
    """``local://``: a directory of the client, as it is now. Known to this build only."""

    def __init__(self, tree: LocalTree) -> None:
        self._tree = tree

    async def cache_map(self, job: Job) -> CacheMap:
        return CacheMap(digest=source_key(self._tree.key), random=True)

    async def execute(self, job: Job, inputs: Sequence[Result]) -> Sequence[Result]:
        tree, emit, vertex = self._tree, job.emit, job.vertex.digest
        frozen = await in_thread(lambda cancelled: tree.freeze(emit, vertex, cancelled))
        return [Tree(frozen, Received(tree.digests))]


class HttpOperation:
    """``http://`` and ``https://``: a tree with one downloaded file."""

    def __init__(self, file: HttpFile) -> None:
        self._file = file

    @property
    def pin(self) -> str:
        """The digest of the file, once it is known."""
        return str(self._file.checksum or "")

    async def cache_map(self, job: Job) -> CacheMap:
        key = await self._file.key()
        describe = {"url": self._file.wanted.shown, "file": str(self._file.checksum)}
        return CacheMap(digest=source_key(key), describe=describe)

    async def execute(self, job: Job, inputs: Sequence[Result]) -> Sequence[Result]:
        return [Tree(await self._file.snapshot())]


class GitOperation:
    """``git://``: a commit of a repository. What git says is the step's output."""

    def __init__(self, tree: GitTree) -> None:
        self._tree = tree

    @property
    def pin(self) -> str:
        """The id of the commit, or of the tag object that names it, once it is known."""
        return self._tree.commit

    async def cache_map(self, job: Job) -> CacheMap:
        key = await self._tree.key(_log_of(job))
        describe = {"repository": self._tree.wanted.written, "commit": self._tree.commit}
        return CacheMap(digest=source_key(key), describe=describe)

    async def execute(self, job: Job, inputs: Sequence[Result]) -> Sequence[Result]:
        return [Tree(await self._tree.snapshot(_log_of(job)))]


def _log_of(job: Job) -> Callable[[int, bytes], None]:
    def log(stream: int, data: bytes) -> None:
        job.emit(LogEvent(job.vertex.digest, stream, data, time.time()))

    return log
