"""Toy vertices: constants, sums, sleepers, failures; ops that count their calls."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from builder.events import Event, VertexEvent
from builder.oci.digest import Digest
from builder.solver.scheduler import Solver
from builder.solver.types import CacheMap, Edge, InputKey, Job, Location, Result, Vertex


@dataclass(frozen=True)
class Number:
    value: int
    id: str


@dataclass(frozen=True, eq=False)
class Toy:
    """A vertex. ``key`` is its definition; ``salt`` makes another vertex of equal definition."""

    name: str
    key: str
    inputs: tuple[Edge, ...] = ()
    salt: str = ""
    ignore_cache: bool = False
    locations: Sequence[Location] = ()
    work: Callable[[list[int]], Awaitable[list[int]]] | None = None
    content: tuple[int, ...] = ()
    selectors: Mapping[int, str] = field(default_factory=dict)
    random: bool = False
    broken_map: Exception | None = None
    broken_content: Exception | None = None
    describe: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)

    digest: Digest = field(init=False)

    def __post_init__(self) -> None:
        parts = [self.key, self.salt, *(f"{e.vertex.digest}:{e.index}" for e in self.inputs)]
        object.__setattr__(self, "digest", Digest.of("\0".join(parts).encode()))

    @property
    def spec(self) -> Any:
        return self

    def edge(self, index: int = 0) -> Edge:
        return Edge(self, index)


def const(value: int, name: str = "", **more: Any) -> Toy:
    async def work(_: list[int]) -> list[int]:
        return [value]

    return Toy(name or f"const {value}", more.pop("key", f"const {value}"), work=work, **more)


def add(name: str, *inputs: Toy, plus: int = 0, **more: Any) -> Toy:
    async def work(values: list[int]) -> list[int]:
        return [sum(values) + plus]

    edges = tuple(toy.edge() for toy in inputs)
    return Toy(name, more.pop("key", f"add {plus}"), edges, work=work, **more)


class Calls:
    """The world of one test: results by id (they outlive solvers) and what was called."""

    def __init__(self) -> None:
        self.results: dict[str, Number] = {}
        self.executed: Counter[str] = Counter()
        self.mapped: Counter[str] = Counter()
        self.hashed: Counter[str] = Counter()
        self.loaded: list[str] = []
        self.events: list[Event] = []
        self.running = 0
        self.most_running = 0
        self._made = 0

    async def load(self, id: str) -> Number | None:
        self.loaded.append(id)
        return self.results.get(id)

    def store(self, value: int) -> Number:
        self._made += 1
        number = Number(value, f"result-{self._made}")
        self.results[number.id] = number
        return number

    def forget(self) -> None:
        """Starts a new build in this world."""
        self.executed.clear()
        self.mapped.clear()
        self.hashed.clear()
        self.loaded.clear()
        self.events.clear()

    def solver(self, cache: Any, **more: Any) -> Solver:
        return Solver(lambda vertex: ToyOp(vertex, self), cache, self, self.events.append, **more)

    def of(self, name: str) -> list[VertexEvent]:
        """The events of a vertex, without the one that only names it."""
        return [
            e
            for e in self.events
            if isinstance(e, VertexEvent) and e.name == name and (e.started or e.error)
        ]


class ToyOp:
    def __init__(self, vertex: Vertex, calls: Calls) -> None:
        self.toy: Toy = vertex.spec
        self.calls = calls

    async def cache_map(self, job: Job) -> CacheMap:
        toy = self.toy
        self.calls.mapped[toy.name] += 1
        if toy.broken_map:
            raise toy.broken_map
        inputs = tuple(
            InputKey(
                Digest.of(toy.selectors[i].encode()) if i in toy.selectors else None,
                self.content if i in toy.content else None,
                lambda: toy.parts,
            )
            for i in range(len(toy.inputs))
        )
        describe = toy.describe or {"key": toy.key}
        aliases = tuple(Digest.of(name.encode()) for name in toy.aliases)
        return CacheMap(Digest.of(toy.key.encode()), inputs, toy.random, describe, aliases)

    async def content(self, result: Result) -> Digest:
        self.calls.hashed[self.toy.name] += 1
        if self.toy.broken_content:
            raise self.toy.broken_content
        assert isinstance(result, Number)
        return Digest("sha256:" + sha256(str(result.value).encode()).hexdigest())

    async def execute(self, job: Job, inputs: Sequence[Result]) -> Sequence[Result]:
        calls = self.calls
        calls.executed[self.toy.name] += 1
        calls.running += 1
        calls.most_running = max(calls.most_running, calls.running)
        try:
            assert self.toy.work is not None
            values = [number.value for number in inputs if isinstance(number, Number)]
            assert len(values) == len(inputs)
            return [calls.store(value) for value in await self.toy.work(values)]
        finally:
            await asyncio.sleep(0)  # cleaning up takes a turn: it must be waited for
            calls.running -= 1


def value(result: Result) -> int:
    assert isinstance(result, Number)
    return result.value
