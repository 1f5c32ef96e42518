"""What works for one plan: sources, an engine, and the directories of their own."""

from __future__ import annotations

import shutil
import threading
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO

from builder.api.request import BuildRequest
from builder.engine.sandbox import LazyExecutor
from builder.engine.state import State
from builder.events import Emit, Event
from builder.registry import Session
from builder.sources.image import ImageSource
from builder.sources.layout import LayoutOrigin
from builder.sources.requested import UPLOADS

if TYPE_CHECKING:
    from builder.api.caching import BuildCaches
    from builder.engine.local import LocalEngine


class Relay:
    """Keeps events until somebody takes them; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[Event] = []
        self._emit: Emit = self._kept.append

    def __call__(self, event: Event) -> None:
        with self._lock:
            self._emit(event)

    def to(self, emit: Emit) -> None:
        """Hand on what was kept, and what comes."""
        with self._lock:
            for event in self._kept:
                emit(event)
            self._kept.clear()
            self._emit = emit


class Work:
    """Opened before the Dockerfile is known: it may have to be fetched with this."""

    def __init__(self, request: BuildRequest, state: State, session: Session) -> None:
        self._request = request
        self._state = state
        self._session = session
        self._stack = ExitStack()
        self.emit = Relay()
        self.images = ImageSource(
            *(session, state.content, state.names, state.chains),
            pull=request.pull,
            offline=request.offline,
        )
        self.caches = _caches(request, state, session)
        self.directories: dict[str, Path] = {}
        self._layouts: dict[str, ImageSource] = {}
        self._uploads: dict[str, Path] = {}
        self.executor = LazyExecutor(
            state.root / "sandbox", request.sandbox, offline=request.offline
        )
        self.directories["context"] = request.context or self._empty()
        self._engine: LocalEngine | None = None

    @property
    def engine(self) -> LocalEngine:
        """Made when it is first asked for: most questions about a Dockerfile need none."""
        if self._engine is None:
            self._engine = self._new_engine()
        return self._engine

    def _new_engine(self) -> LocalEngine:
        from builder.api.outside import inputs_of
        from builder.engine.local import LocalEngine

        request = self._request
        inputs = inputs_of(
            *(request, self._state, self._session),
            images=self.images,
            layouts=self._layouts,
            uploads=self._uploads,
            directories=self.directories,
        )
        return LocalEngine(
            *(self._state, self.executor, inputs, self.emit),
            request.max_parallelism,
            request.entitlements,
            self.caches.looked_up if self.caches is not None else None,
        )

    def _empty(self) -> Path:
        return Path(self._stack.enter_context(TemporaryDirectory(dir=self._state.run)))

    def upload(self, stream: BinaryIO) -> str:
        """A URL that ``stream``, which is read to its end, can be had by. Blocks."""
        path = self._empty() / "upload"
        with path.open("wb") as file:
            shutil.copyfileobj(stream, file, 1 << 20)
        url = f"{UPLOADS}{path.parent.name}"
        self._uploads[url] = path
        return url

    def layout(self, name: str, root: Path) -> ImageSource:
        """The images of an OCI layout, which the build knows as ``name``."""
        source = ImageSource(LayoutOrigin(root), self._state.content, None, self._state.chains)
        self._layouts[name] = source
        return source

    async def aclose(self) -> None:
        try:
            await self.executor.aclose()
            if self._engine is not None:
                await self._engine.aclose()
        finally:
            if self.caches is not None:
                await self.caches.aclose()
            for images in (self.images, *self._layouts.values()):
                await images.aclose()
            self._stack.close()


def _caches(request: BuildRequest, state: State, session: Session) -> BuildCaches | None:
    """The caches that the request names; None for none, as in most builds."""
    if not (request.cache_from or request.cache_to):
        return None
    from builder.api.caching import BuildCaches

    return BuildCaches(request, state, session)
