"""What the solver sees: vertices, edges, cache maps, ops, results. No containers here.

The concepts are BuildKit's (``solver/types.go``); everything that knows about images,
files or processes lives behind ``Op`` and ``Result``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from msgspec import Struct, field

from builder.events import Emit, SourceInfo, SourceRange
from builder.oci.digest import Digest


class Edge(NamedTuple):
    """Output ``index`` of ``vertex``."""

    vertex: Vertex
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs here


class Location(Struct, frozen=True):
    """Where in a source file a vertex came from, for the excerpt under an error."""

    info: SourceInfo
    ranges: tuple[SourceRange, ...]


class Vertex(Protocol):
    """A node of the graph. Equal digests are the same work."""

    @property
    def digest(self) -> Digest: ...
    @property
    def name(self) -> str:
        """What progress shows."""

    @property
    def inputs(self) -> Sequence[Edge]: ...
    @property
    def ignore_cache(self) -> bool: ...
    @property
    def locations(self) -> Sequence[Location]: ...
    @property
    def spec(self) -> Any:
        """What only the resolver of ops understands (an LLB op)."""


class Result(Protocol):
    """What an op made. ``id`` is stable across runs and names it in the cache store."""

    @property
    def id(self) -> str: ...


ContentKey = Callable[[Result], Awaitable[Digest]]
"""Computes the content digest of an input (the slow key)."""


class InputKey(Struct, frozen=True):
    """How one input enters the cache key of its user.

    ``selector`` is the digest of the paths used below the input; ``content``, where given,
    lets an input that was rebuilt to equal content still hit. ``parts`` tells, once that was
    computed, what it was computed of: names (paths, say) with something that changes with
    them (for --explain-cache).
    """

    selector: Digest | None = None
    content: ContentKey | None = None
    parts: Callable[[], Mapping[str, str]] | None = None


class CacheMap(Struct, frozen=True):
    """The definition key of an op, and how each of its inputs takes part.

    ``describe`` tells in words what went into ``digest`` (for --explain-cache).
    ``random`` keys (a local session) never leave this process. ``aliases`` are other digests
    that name the same result of an op without inputs (an image by its layers).
    """

    digest: Digest
    inputs: tuple[InputKey, ...] = ()
    random: bool = False
    describe: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[Digest, ...] = ()


class Job(Protocol):
    """What an op may use of the running solve."""

    @property
    def vertex(self) -> Vertex: ...
    @property
    def emit(self) -> Emit: ...


class Op(Protocol):
    """What a vertex does when it is solved."""

    async def cache_map(self, job: Job) -> CacheMap:
        """Called at most once a solve; may do I/O (resolve a tag, scan a context)."""
        ...

    async def execute(self, job: Job, inputs: Sequence[Result]) -> Sequence[Result]:
        """One result per output. Cancelled with the task: must leave nothing behind."""
        ...


class ResultStore(Protocol):
    """Turns results into ids that outlive the process, and back."""

    async def load(self, id: str) -> Result | None:
        """None where the result is gone (pruned): the cache entry is then dropped.

        The result may have another id than was asked for (pulled, it is a local one now);
        that id is remembered too. Raises ``BuilderError`` where it cannot be had now (a
        registry that does not answer): the entry is kept, a warning is emitted, and the
        step runs.
        """
        ...


OpResolver = Callable[[Vertex], Op]
"""The op of a vertex; raises where the vertex asks for something unknown."""
