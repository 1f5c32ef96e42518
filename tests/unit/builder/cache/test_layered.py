"""A local cache with an imported one behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from builder.cache.layered import LayeredCacheStore
from builder.cache.store import SQLiteCacheStore
from builder.solver.cachestore import Link, Record, StoredResult
from builder.solver.scheduler import Solver
from tests.unit.builder.solver.toys import Calls, Number, ToyOp, add, const, value

TOP = add("top", const(1, "base"), plus=2)


@pytest.fixture
def local() -> Iterator[SQLiteCacheStore]:
    with SQLiteCacheStore() as store:
        yield store


async def _exported(calls: Calls) -> list[Record]:
    """The records of a build of TOP, as another machine would have published them."""
    with SQLiteCacheStore() as store:
        solver = calls.solver(store)
        await solver.solve([TOP.edge()])
        records = list(await store.closure(solver.records(TOP.edge())))
    calls.forget()
    return records


async def test_what_was_imported_is_found(local: SQLiteCacheStore) -> None:
    calls = Calls()
    layered = LayeredCacheStore(local, await _exported(calls))
    (result,) = await calls.solver(layered).solve([TOP.edge()])
    assert value(result) == 3
    assert not calls.executed


async def test_a_result_that_was_pulled_is_found_without_the_import_next_time(
    local: SQLiteCacheStore,
) -> None:
    calls = Calls()
    layered = LayeredCacheStore(local, await _exported(calls))

    class Pulling:
        async def load(self, id: str) -> Number:
            return calls.store(calls.results[id].value)  # the same content under a local id

    solver = Solver(lambda v: ToyOp(v, calls), layered, Pulling(), calls.events.append)
    (pulled,) = await solver.solve([TOP.edge()])
    assert pulled.id not in ("result-1", "result-2")
    calls.forget()
    (again,) = await calls.solver(local).solve([TOP.edge()])
    assert again.id == pulled.id
    assert not calls.executed


async def test_what_is_made_from_an_import_is_found_without_it(local: SQLiteCacheStore) -> None:
    calls = Calls()
    layered = LayeredCacheStore(local, await _exported(calls))
    more = add("more", TOP, plus=5)
    await calls.solver(layered).solve([more.edge()])
    assert calls.executed == {"more": 1}
    calls.forget()
    (result,) = await calls.solver(local).solve([more.edge()])
    assert value(result) == 8
    assert not calls.executed


async def test_stepping_stones_are_copied_with_their_keys_but_not_their_results(
    local: SQLiteCacheStore,
) -> None:
    stone = Record("x", "key", frozenset({Link(0, "", "base")}), (StoredResult("far", 1.0, 1.0),))
    layered = LayeredCacheStore(local, [Record("base", "base"), stone, Record("other", "o")])
    mine = Record("mine", "m", frozenset({Link(0, "", "x")}), (StoredResult("near", 2.0, 2.0),))
    await layered.save([mine])
    assert await local.records(["key"]) == [Record("x", "key", stone.links)]
    assert await local.records(["o"]) == []
    assert {r.id for r in await local.closure(["mine"])} == {"mine", "x", "base"}
