"""What runs, how often, side by side or not, and what is left when it goes wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from builder.cache.store import SQLiteCacheStore
from builder.events import SourceInfo, SourceRange, VertexEvent
from builder.solver.cachestore import Record
from builder.solver.errors import CyclicGraphError, SolveError
from builder.solver.types import Edge, Location
from tests.unit.builder.solver.toys import Calls, Toy, add, const, value


async def test_a_vertex_used_by_many_runs_once(cache: SQLiteCacheStore, calls: Calls) -> None:
    shared = const(3, "shared")
    left, right = add("left", shared, plus=1), add("right", shared, plus=2)
    (result,) = await calls.solver(cache).solve([add("top", left, right).edge()])
    assert value(result) == 9
    assert calls.executed == {"shared": 1, "left": 1, "right": 1, "top": 1}


async def test_two_objects_of_equal_digest_are_one_vertex(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    results = await calls.solver(cache).solve([const(3, "a").edge(), const(3, "a").edge()])
    assert [value(r) for r in results] == [3, 3]
    assert calls.executed == {"a": 1}


async def test_every_output_of_a_vertex_comes_from_one_run(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    async def two(_: list[int]) -> list[int]:
        return [10, 20]

    pair = Toy("pair", "pair", work=two)
    results = await calls.solver(cache).solve([pair.edge(0), pair.edge(1)])
    assert [value(r) for r in results] == [10, 20]
    assert calls.executed == {"pair": 1}


async def test_an_output_that_the_op_did_not_make_is_an_error(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    with pytest.raises(SolveError, match="no output 4"):
        await calls.solver(cache).solve([const(1, "one").edge(4)])


async def test_vertices_of_equal_cache_key_merge_while_they_run(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    async def slowly(_: list[int]) -> list[int]:
        await asyncio.sleep(0.02)
        return [7]

    first = Toy("first", "same", work=slowly, salt="1")
    second = Toy("second", "same", work=slowly, salt="2")
    assert first.digest != second.digest
    top = add("top", add("a", first), add("b", second))
    (result,) = await calls.solver(cache).solve([top.edge()])
    assert value(result) == 14
    assert calls.executed["first"] + calls.executed["second"] == 1
    assert calls.executed["a"] + calls.executed["b"] == 1, "their users are equal then too"


async def test_branches_run_side_by_side(cache: SQLiteCacheStore, calls: Calls) -> None:
    barrier = asyncio.Barrier(8)

    async def together(_: list[int]) -> list[int]:
        await barrier.wait()  # passes only when all eight are running
        return [1]

    branches = [Toy(f"branch {n}", f"b{n}", work=together) for n in range(8)]
    async with asyncio.timeout(5):
        (result,) = await calls.solver(cache).solve([add("top", *branches).edge()])
    assert value(result) == 8


async def test_no_more_than_max_parallelism_run_at_once(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    async def slowly(_: list[int]) -> list[int]:
        await asyncio.sleep(0.005)
        return [1]

    branches = [Toy(f"branch {n}", f"b{n}", work=slowly) for n in range(9)]
    await calls.solver(cache, max_parallelism=3).solve([add("top", *branches).edge()])
    assert calls.most_running == 3


async def test_one_slow_lookup_does_not_hold_up_the_work_of_other_branches(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    """A warm branch that must digest content first, beside one that is sure to miss."""
    old = add("copy", const(1, "context v1"), key="copy", content=(0,))
    top = add("top", old, const(5, "fixed"), key="top")
    await calls.solver(cache).solve([top.edge()])
    released = asyncio.Event()

    async def waits(_: list[int]) -> list[int]:
        await released.wait()
        return [1]

    async def releases(_: list[int]) -> list[int]:
        released.set()
        return [5]

    context = Toy("context v2", "context v2", work=waits)
    copy = add("copy", context, key="copy", content=(0,))
    changed = add("top", copy, Toy("changed", "changed", work=releases), key="top")
    async with asyncio.timeout(5):
        await calls.solver(cache).solve([changed.edge()])


async def test_the_first_error_names_its_vertex_and_stops_all_others(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    started = asyncio.Event()

    async def forever(_: list[int]) -> list[int]:
        started.set()
        await asyncio.sleep(60)
        return [0]

    async def fails(_: list[int]) -> list[int]:
        await started.wait()
        raise OSError("disk on fire")

    where = Location(SourceInfo("Dockerfile", b"FROM x\n"), (SourceRange(1, 1),))
    bad = Toy("bad", "bad", work=fails, locations=(where,))
    sleeper = Toy("sleeper", "sleeper", work=forever)
    with pytest.raises(SolveError, match="disk on fire") as caught:
        await calls.solver(cache).solve([add("top", bad, sleeper).edge()])
    assert (caught.value.digest, caught.value.name) == (bad.digest, "bad")
    assert caught.value.locations == (where,)
    assert isinstance(caught.value.cause, OSError)
    assert caught.value.__cause__ is caught.value.cause
    assert calls.running == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert calls.of("bad")[-1].error == "disk on fire"
    assert calls.of("sleeper")[-1].error == "context canceled"
    assert calls.of("sleeper")[-1].completed is not None
    assert calls.of("top") == []


async def test_what_was_finished_when_another_failed_is_kept(
    cache: SQLiteCacheStore, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    saving = asyncio.Event()
    save = cache.save

    async def slow_save(records: Sequence[Record]) -> None:
        saving.set()
        await asyncio.sleep(0.02)
        await save(records)

    async def fails(_: list[int]) -> list[int]:
        await saving.wait()
        raise OSError("disk on fire")

    monkeypatch.setattr(cache, "save", slow_save)
    with pytest.raises(SolveError):
        await calls.solver(cache).solve(
            [add("top", const(1, "good"), Toy("bad", "bad", work=fails)).edge()]
        )
    assert asyncio.all_tasks() == {asyncio.current_task()}
    monkeypatch.undo()
    calls.forget()
    await calls.solver(cache).solve([const(1, "good").edge()])
    assert not calls.executed


async def test_a_second_solve_names_only_what_is_new(cache: SQLiteCacheStore, calls: Calls) -> None:
    base = const(2, "base")
    solver = calls.solver(cache)
    await solver.solve([base.edge()])
    calls.events.clear()
    await solver.solve([add("top", base).edge()])
    assert {event.name for event in calls.events if isinstance(event, VertexEvent)} == {"top"}


async def test_cancelling_the_solve_stops_everything(cache: SQLiteCacheStore, calls: Calls) -> None:
    started = asyncio.Event()

    async def forever(_: list[int]) -> list[int]:
        started.set()
        await asyncio.sleep(60)
        return [0]

    solver = calls.solver(cache)
    task = asyncio.create_task(solver.solve([Toy("sleeper", "s", work=forever).edge()]))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert calls.running == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert calls.of("sleeper")[-1].error == "context canceled"


async def test_a_failed_vertex_may_be_solved_again(cache: SQLiteCacheStore, calls: Calls) -> None:
    outcomes = iter([OSError("once"), None])

    async def flaky(_: list[int]) -> list[int]:
        if error := next(outcomes):
            raise error
        return [5]

    solver = calls.solver(cache)
    toy = Toy("flaky", "flaky", work=flaky)
    with pytest.raises(SolveError):
        await solver.solve([toy.edge()])
    assert [value(r) for r in await solver.solve([toy.edge()])] == [5]


async def test_a_second_solve_of_one_build_repeats_nothing(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    """Frontends solve parts before the whole, of vertices that ignore the cache too."""
    base = const(2, "base", ignore_cache=True)
    solver = calls.solver(cache)
    await solver.solve([base.edge()])
    (result,) = await solver.solve([add("top", base).edge()])
    assert value(result) == 2
    assert calls.executed == {"base": 1, "top": 1}
    assert calls.mapped == {"base": 1, "top": 1}


async def test_two_solves_at_once_share_running_work_and_one_may_be_cancelled(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    started = asyncio.Event()
    go = asyncio.Event()

    async def gated(_: list[int]) -> list[int]:
        started.set()
        await go.wait()
        return [4]

    toy = Toy("gated", "gated", work=gated)
    solver = calls.solver(cache)
    first = asyncio.create_task(solver.solve([toy.edge()]))
    second = asyncio.create_task(solver.solve([toy.edge()]))
    await started.wait()
    for _ in range(50):
        await asyncio.sleep(0)
    assert calls.executed["gated"] == 1
    first.cancel()
    go.set()
    (result,) = await second
    assert value(result) == 4
    assert calls.executed["gated"] == 2, "the one that was waiting took over"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_cache_map_that_fails_says_it_was_loading_the_key(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    bad = const(1, "bad", broken_map=OSError("no such tag"))
    with pytest.raises(SolveError, match=r"^failed to load cache key: no such tag$"):
        await calls.solver(cache).solve([add("top", bad).edge()])
    assert calls.of("bad")[-1].error == "no such tag"


async def test_a_content_digest_that_fails_is_an_error_of_the_vertex_that_wanted_it(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    bad = add("copy", const(1), content=(0,), broken_content=OSError('"/nope": not found'))
    with pytest.raises(SolveError, match=r"^failed to compute cache key: .*not found$") as caught:
        await calls.solver(cache).solve([bad.edge()])
    assert caught.value.name == "copy"
    assert calls.of("copy")[-1].error == '"/nope": not found'
    assert calls.executed["copy"] == 0


async def test_an_unknown_op_is_an_error_of_its_vertex(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    from builder.solver.scheduler import Solver

    def refuse(vertex: object) -> object:
        raise ValueError("unknown op")

    solver = Solver(refuse, cache, calls, calls.events.append)  # type: ignore[arg-type]
    with pytest.raises(SolveError, match="unknown op"):
        await solver.solve([const(1).edge()])


async def test_a_cycle_is_refused(cache: SQLiteCacheStore, calls: Calls) -> None:
    loop = const(1, "loop")
    object.__setattr__(loop, "inputs", (Edge(loop, 0),))
    with pytest.raises(CyclicGraphError, match="its own input"):
        await calls.solver(cache).solve([loop.edge()])


async def test_progress_hears_names_then_start_and_end(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    base = const(1, "base")
    top = add("top", base)
    await calls.solver(cache).solve([top.edge()])
    named = [e.name for e in calls.events if isinstance(e, VertexEvent) and e.started is None]
    assert named == ["top", "base"]
    begin, end = calls.of("top")
    assert begin.inputs == (str(base.digest),)
    assert begin.started is not None
    assert begin.completed is None
    assert end.started == begin.started
    assert end.completed is not None
    assert end.completed >= begin.started
    assert not end.cached
    assert [bool(e.completed) for e in calls.of("base")] == [False, True] * 2, "looked up, run"


@pytest.mark.parametrize("shape", ["chain", "fan"])
async def test_thousands_of_vertices_need_no_stack(
    cache: SQLiteCacheStore, calls: Calls, shape: str
) -> None:
    top = const(0, "base")
    if shape == "chain":
        for number in range(3000):
            top = add(f"step {number}", top, plus=1, key=f"step {number}")
    else:
        top = add("top", *(const(1, f"branch {n}", key=f"{n}") for n in range(3000)))
    (result,) = await calls.solver(cache).solve([top.edge()])
    assert value(result) == 3000


async def test_a_failure_at_the_end_of_a_long_chain_needs_no_stack_either(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    async def fails(_: list[int]) -> list[int]:
        raise OSError("broken")

    top = Toy("bad", "bad", work=fails)
    for number in range(3000):
        top = add(f"step {number}", top, key=f"step {number}")
    with pytest.raises(SolveError, match="broken"):
        await calls.solver(cache).solve([top.edge()])


async def test_a_thousand_cached_stages_are_found_quickly_and_without_a_query_each(
    cache: SQLiteCacheStore, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build() -> Toy:
        top = const(0, "base")
        for number in range(1000):
            top = add(f"stage {number}", top, plus=1, key=f"stage {number}")
        return top

    await calls.solver(cache).solve([build().edge()])
    calls.forget()
    queries = 0
    read = cache.records

    async def counted(keys):  # type: ignore[no-untyped-def]
        nonlocal queries
        queries += 1
        return await read(keys)

    monkeypatch.setattr(cache, "records", counted)
    begin = time.perf_counter()
    (result,) = await calls.solver(cache).solve([build().edge()])
    assert time.perf_counter() - begin < 2.0  # 0.1 s here; the machine may be busy
    assert value(result) == 1000
    assert not calls.executed
    assert len(calls.loaded) == 1
    assert queries < 20
