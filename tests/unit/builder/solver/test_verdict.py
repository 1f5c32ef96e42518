"""Why a vertex was not cached: the words behind --explain-cache."""

from __future__ import annotations

import pytest

from builder.cache.store import SQLiteCacheStore
from builder.solver.errors import SolveError
from builder.solver.verdict import CacheVerdict, Change
from tests.unit.builder.solver.toys import Calls, Toy, add, const


async def _verdicts(calls: Calls, cache: SQLiteCacheStore, top: Toy) -> dict[str, CacheVerdict]:
    solver = calls.solver(cache)
    await solver.solve([top.edge()])
    return {verdict.name: verdict for verdict in solver.verdicts}


async def test_the_first_build_was_never_seen_before(cache: SQLiteCacheStore, calls: Calls) -> None:
    verdicts = await _verdicts(calls, cache, add("top", const(1, "base")))
    assert {name: (v.cached, v.reason) for name, v in verdicts.items()} == {
        "base": (False, "first"),
        "top": (False, "first"),
    }


async def test_a_cached_build_names_every_step_that_hit(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    top = add("top", add("middle", const(1, "base")))
    await _verdicts(calls, cache, top)
    verdicts = await _verdicts(calls, cache, top)
    assert {name: v.cached for name, v in verdicts.items()} == {"middle": True, "top": True}


async def test_a_changed_definition_tells_what_of_it_changed(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    def run(command: str) -> Toy:
        describe = {"args": command, "user": "root"}
        return add("RUN", const(1, "base"), key=command, describe=describe)

    await _verdicts(calls, cache, run("make"))
    verdict = (await _verdicts(calls, cache, run("make test")))["RUN"]
    assert verdict.reason == "definition"
    assert verdict.changes == (Change("args", "make", "make test"),)


async def test_a_changed_input_is_named(cache: SQLiteCacheStore, calls: Calls) -> None:
    def copy(context: int) -> Toy:
        source = const(context, "context", key=f"v{context}")
        return add("COPY", const(1, "base"), source, content=(1,))

    await _verdicts(calls, cache, copy(5))
    verdict = (await _verdicts(calls, cache, copy(6)))["COPY"]
    assert verdict.reason == "input"
    assert [change.subject for change in verdict.changes] == ["context"]


async def test_a_miss_further_up_is_blamed_on_the_input_that_missed(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    await _verdicts(calls, cache, add("last", add("first", const(1, "base"), plus=1)))
    verdicts = await _verdicts(calls, cache, add("last", add("first", const(1, "base"), plus=2)))
    assert verdicts["first"].reason == "definition"
    assert verdicts["last"].reason == "input"
    assert verdicts["last"].changes[0].subject == "first"


async def test_a_pruned_result_an_ignored_cache_and_a_session_say_so(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    await _verdicts(calls, cache, const(1, "one"))
    calls.results.clear()
    assert (await _verdicts(calls, cache, const(1, "one")))["one"].reason == "gone"
    ignoring = const(1, "one", ignore_cache=True)
    assert (await _verdicts(calls, cache, ignoring))["one"].reason == "ignored"
    session = const(1, "context", random=True)
    assert (await _verdicts(calls, cache, session))["context"].reason == "session"


async def test_verdicts_are_there_after_a_failure_too(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    async def fails(_: list[int]) -> list[int]:
        raise OSError("broken")

    base = const(1, "base")
    solver = calls.solver(cache)
    with pytest.raises(SolveError):
        await solver.solve([Toy("bad", "bad", (base.edge(),), work=fails).edge()])
    assert [(v.name, v.reason) for v in solver.verdicts] == [("base", "first"), ("bad", "first")]
    assert set(await cache.traces(["base", "bad"])) == {"base"}, (
        "a failure is nothing to compare with"
    )


async def test_a_second_solve_of_one_build_repeats_the_verdicts_of_the_first(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    await _verdicts(calls, cache, const(1, "base", key="old", describe={"tag": "1"}))
    base = const(1, "base", key="new", describe={"tag": "2"})
    solver = calls.solver(cache)
    await solver.solve([base.edge()])
    await solver.solve([add("top", base).edge()])
    verdict = solver.verdicts[0]
    assert (verdict.name, verdict.reason) == ("base", "definition")
    assert verdict.changes == (Change("tag", "1", "2"),)


async def test_parts_of_a_content_that_changed_are_named(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    def copy(context: int, **parts: str) -> Toy:
        source = const(context, "context", key=f"v{context}")
        return add("COPY", const(1, "base"), source, content=(1,), parts=parts)

    await _verdicts(calls, cache, copy(5, a="1", b="1", c="1"))
    verdict = (await _verdicts(calls, cache, copy(6, a="1", b="2", d="1")))["COPY"]
    assert verdict.reason == "input"
    assert verdict.changes == (Change("b", "1", "2"), Change("c", "1", ""), Change("d", "", "1"))


async def test_a_step_is_compared_under_each_of_its_names(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    """The same step first, wherever it stood; else what stood in its place."""

    async def reason(*tops: Toy) -> dict[str, str]:
        solver = calls.solver(cache, names=lambda v: (v.name, f"place {v.spec.salt}"))
        await solver.solve([top.edge() for top in tops])
        return {verdict.name: verdict.reason for verdict in solver.verdicts}

    await reason(add("one", const(1, "base"), key="k1", salt="1"))
    moved = add("other", const(1, "base"), key="k2", salt="1")
    assert (await reason(moved))["other"] == "definition"
    kind = add("kind", const(1, "base"), key="k3", salt="1", describe={"instruction": "x"})
    assert (await reason(kind))["kind"] == "first"
