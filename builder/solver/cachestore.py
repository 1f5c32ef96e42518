"""What is remembered between solves: records, the links between them, and results.

A *record* stands for one way to have made one output. It is found by its *key* (definition
digest and output number) among the links that lead to it from the records of its inputs; an
input's *content record* is one more place a link may come from. This is the shape of
BuildKit's cache configuration (``records[].inputs[][]{selector, link}``), so a registry
cache maps onto it in both directions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple, Protocol

from msgspec import Struct, field

VOLATILE = "random:"
"""Prefix of ids and keys that mean nothing outside this process."""


class Link(NamedTuple):
    """Input number ``input``, seen through ``selector`` ("" for all of it), was ``source``.

    A link from a content record never has a selector: the digest was computed below it.
    """

    input: int
    selector: str
    source: str


class StoredResult(NamedTuple):
    """A result of a record; times are seconds since the epoch."""

    id: str
    created: float
    used: float


class Record(Struct, frozen=True):
    """One cached output. ``id`` names it, ``key`` is its ``output_key``.

    Without ``results`` it is still a stepping stone from its inputs to its users.
    """

    id: str
    key: str
    links: frozenset[Link] = frozenset()
    results: tuple[StoredResult, ...] = ()

    @property
    def arity(self) -> int:
        """How many inputs it has."""
        return max((link.input + 1 for link in self.links), default=0)

    @property
    def persistent(self) -> bool:
        return not self.id.startswith(VOLATILE)


class Trace(Struct, frozen=True):
    """What a vertex of this name was made from when it was last solved.

    ``inputs`` holds, per input, the name of its vertex and every record id known for it;
    ``parts``, by the number of an input, what its content was computed of.
    """

    name: str
    definition: str
    describe: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    parts: Mapping[int, Mapping[str, str]] = field(default_factory=dict)


class CacheStore(Protocol):
    """Where records live. Several processes may use one store; none sees half a save."""

    async def records(self, keys: Sequence[str]) -> Sequence[Record]:
        """All records of these keys, with their links and results."""
        ...

    async def save(self, records: Sequence[Record]) -> None:
        """Adds records; links and results are added to those of a record already there."""
        ...

    async def touch(self, results: Sequence[str], when: float) -> None:
        """Notes that results were used, for garbage collection."""
        ...

    async def drop(self, results: Sequence[str]) -> None:
        """Forgets results that are gone; their records remain as stepping stones."""
        ...

    async def closure(self, ids: Sequence[str]) -> Sequence[Record]:
        """These records and all that links lead to them from (for cache export)."""
        ...

    async def traces(self, names: Sequence[str]) -> Mapping[str, Trace]: ...

    async def save_traces(self, traces: Sequence[Trace]) -> None: ...


def output_key(definition: str, output: int) -> str:
    """The key of output ``output`` of a vertex with this definition digest (BuildKit's rule)."""
    if definition.startswith(VOLATILE):
        return f"{definition}@{output}"
    return "sha256:" + sha256(f"{definition}@{output}".encode()).hexdigest()


def content_id(digest: str) -> str:
    """The id of the record of a content digest: BuildKit gives it the output number -1."""
    return output_key(digest, -1)
