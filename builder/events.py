"""What happens during a build, as values: the solver and the ops emit, ``progress`` renders.

The shapes follow BuildKit's ``SolveStatus`` (control service, Status stream), so that a
remote daemon's stream and our own engine feed the same renderers. Times are seconds since
the epoch (``time.time()``).
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct


class SourceRange(Struct, frozen=True):
    """Physical lines of a source file, 1-based and inclusive."""

    start: int
    end: int


class SourceInfo(Struct, frozen=True):
    """The file that a definition was made from; ``data`` is the whole file."""

    filename: str
    data: bytes
    language: str = "Dockerfile"


class VertexEvent(Struct, frozen=True):
    """A vertex as it is now; a later event for the same digest replaces the former."""

    digest: str
    name: str
    inputs: tuple[str, ...] = ()
    started: float | None = None
    completed: float | None = None
    cached: bool = False
    error: str = ""


class StatusEvent(Struct, frozen=True):
    """Progress of one piece of work inside a vertex (a blob, an upload), keyed by ``id``."""

    vertex: str
    id: str
    name: str = ""
    current: int = 0
    total: int = 0
    timestamp: float = 0.0
    started: float | None = None
    completed: float | None = None


class LogEvent(Struct, frozen=True):
    """Output of a step. ``stream`` is 1 for stdout, 2 for stderr."""

    vertex: str
    stream: int
    data: bytes
    timestamp: float


class WarningEvent(Struct, frozen=True):
    """A warning about a vertex: lint (``level`` 1) or what a source had to cope with."""

    vertex: str
    short: str
    level: int = 1
    detail: tuple[str, ...] = ()
    url: str = ""
    source: SourceInfo | None = None
    ranges: tuple[SourceRange, ...] = ()


Event = VertexEvent | StatusEvent | LogEvent | WarningEvent
Emit = Callable[[Event], None]
"""Takes one event. Called from the event loop and from worker threads: must be thread-safe."""
