"""When the cache hits, by which key, and what is not done because of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from builder.cache.store import SQLiteCacheStore
from builder.errors import BuilderError
from builder.events import WarningEvent
from builder.oci.digest import Digest
from builder.solver.cachestore import Link, content_id, output_key
from builder.solver.types import Edge
from tests.unit.builder.solver.toys import Calls, Toy, add, const, value


async def _solve(calls: Calls, cache: SQLiteCacheStore, top: Toy) -> int:
    """A new build: nothing is remembered but what the cache holds."""
    calls.forget()
    (result,) = await calls.solver(cache).solve([top.edge()])
    return value(result)


async def test_a_hit_by_definition_needs_no_result_of_any_input(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    top = add("top", add("middle", const(1, "base"), plus=1), plus=2)
    assert await _solve(calls, cache, top) == 4
    assert await _solve(calls, cache, top) == 4
    assert not calls.executed
    assert calls.loaded == ["result-3"]
    for name in ("middle", "top"):
        (event,) = calls.of(name)
        assert event.cached
        assert event.started == event.completed
    assert [e.cached for e in calls.of("base")] == [False, False], "only its name was resolved"


async def test_a_changed_definition_misses_and_so_do_its_users(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    await _solve(calls, cache, add("top", add("middle", const(1, "base"), plus=1)))
    assert await _solve(calls, cache, add("top", add("middle", const(1, "base"), plus=5))) == 6
    assert calls.executed == {"middle": 1, "top": 1}


async def test_another_output_of_the_same_input_is_another_key(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    async def two(_: list[int]) -> list[int]:
        return [10, 20]

    async def same(values: list[int]) -> list[int]:
        return values

    pair = Toy("pair", "pair", work=two)
    assert await _solve(calls, cache, Toy("user", "user", (Edge(pair, 0),), work=same)) == 10
    assert await _solve(calls, cache, Toy("user", "user", (Edge(pair, 1),), work=same)) == 20
    assert calls.executed == {"user": 1}, "the other output was stored by the first run"


async def test_swapped_inputs_are_another_key(cache: SQLiteCacheStore, calls: Calls) -> None:
    async def first_minus_second(values: list[int]) -> list[int]:
        return [values[0] - values[1]]

    a, b = const(5, "a"), const(3, "b")
    there = Toy("minus", "minus", (a.edge(), b.edge()), work=first_minus_second)
    back = Toy("minus", "minus", (b.edge(), a.edge()), work=first_minus_second)
    assert await _solve(calls, cache, there) == 2
    assert await _solve(calls, cache, back) == -2


async def test_a_record_of_more_inputs_is_not_a_hit(cache: SQLiteCacheStore, calls: Calls) -> None:
    one, two = const(1, "one"), const(20, "two")
    assert await _solve(calls, cache, add("both", one, two, key="sum")) == 21
    assert await _solve(calls, cache, add("single", one, key="sum")) == 1
    assert await _solve(calls, cache, const(5, "none", key="sum")) == 5


async def test_all_inputs_must_lead_to_the_same_record(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    a, b, c, d = (const(n, f"c{n}") for n in (1, 20, 300, 4000))
    assert await _solve(calls, cache, add("sum", a, b)) == 21
    assert await _solve(calls, cache, add("sum", c, d)) == 4300
    assert await _solve(calls, cache, add("sum", a, d)) == 4001


async def test_an_input_rebuilt_to_equal_content_still_hits(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    await _solve(calls, cache, add("copy", const(7, "old", key="old"), content=(0,)))
    assert await _solve(calls, cache, add("copy", const(7, "new", key="new"), content=(0,))) == 7
    assert calls.executed == {"new": 1}, "the input was needed for its content, the copy was not"
    assert calls.hashed == {"copy": 1}


async def test_an_input_of_other_content_misses(cache: SQLiteCacheStore, calls: Calls) -> None:
    await _solve(calls, cache, add("copy", const(7, "old", key="old"), content=(0,)))
    assert await _solve(calls, cache, add("copy", const(8, "new", key="new"), content=(0,))) == 8
    assert calls.executed == {"new": 1, "copy": 1}


async def test_a_hit_by_content_is_a_hit_by_definition_next_time(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    new = add("copy", const(7, "new", key="new"), content=(0,))
    await _solve(calls, cache, add("copy", const(7, "old", key="old"), content=(0,)))
    await _solve(calls, cache, new)
    await _solve(calls, cache, new)
    assert not calls.executed
    assert not calls.hashed


async def test_users_of_a_hit_by_content_hit_without_loading_it(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    def top(key: str) -> Toy:
        copy = add("copy", const(1, "base"), const(7, "context", key=key), content=(1,))
        return add("run", copy, plus=1)

    await _solve(calls, cache, top("v1"))
    assert await _solve(calls, cache, top("v2")) == 9
    assert calls.executed == {"context": 1}
    assert len(calls.loaded) == 1, "the run alone; neither base nor copy"


async def test_content_is_not_asked_for_where_another_input_rules_out_a_hit(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    def copy(base: str, context: str) -> Toy:
        inputs = const(1, "base", key=base), const(7, "context", key=context)
        return add("copy", *inputs, content=(1,))

    await _solve(calls, cache, copy("b1", "c1"))
    assert await _solve(calls, cache, copy("b2", "c2")) == 8
    assert calls.executed == {"base": 1, "context": 1, "copy": 1}


async def test_all_contents_are_compared_where_fast_keys_lead_to_different_records(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    def both(left: str, right: str) -> Toy:
        inputs = const(1, "left", key=left), const(2, "right", key=right)
        return add("both", *inputs, content=(0, 1))

    stranger = const(9, "stranger", key="s")
    await _solve(calls, cache, both("l1", "r1"))
    await _solve(calls, cache, add("both", const(1, "left", key="l2"), stranger, content=(0, 1)))
    await _solve(calls, cache, add("both", stranger, const(2, "right", key="r2"), content=(0, 1)))
    await _solve(calls, cache, add("top", both("l1", "r1"), plus=4, key="top"))
    # l2 and r2 each lead to a record, but not to the same one: only content finds the first.
    assert await _solve(calls, cache, add("top", both("l2", "r2"), plus=4, key="top")) == 7
    assert not calls.executed
    assert calls.hashed == {"both": 2}
    assert len(calls.loaded) == 3, "left, right and top; not both"


async def test_a_local_session_never_leaves_this_process(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    def top() -> Toy:
        return add("user", const(1, "session", random=True))

    await _solve(calls, cache, top())
    await _solve(calls, cache, top())
    assert calls.executed == {"session": 1, "user": 1}, "nothing was found in the store"
    assert await cache.results() == []


async def test_a_local_session_is_cached_through_its_content(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    def top(session: str) -> Toy:
        context = const(1, "context", random=True, key=session)
        return add("run", add("copy", context, content=(0,)), plus=3)

    await _solve(calls, cache, top("s1"))
    assert await _solve(calls, cache, top("s2")) == 4
    assert calls.executed == {"context": 1}
    stored = await cache.records([output_key(str(Digest.of(b"add 0")), 0)])
    sources = [link.source for record in stored for link in record.links]
    assert sources == [content_id(str(Digest.of(b"1")))]


async def test_within_one_build_a_session_key_does_match(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    solver = calls.solver(cache)
    await solver.solve([add("a", const(1, "session", random=True), key="same").edge()])
    await solver.solve(
        [add("b", const(1, "session", random=True), key="same", salt="other").edge()]
    )
    assert calls.executed == {"session": 1, "a": 1}


async def test_a_result_that_is_gone_is_made_again_and_its_entry_dropped(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    top = add("top", const(1, "base"), plus=1)
    await _solve(calls, cache, top)
    calls.results.clear()
    assert await _solve(calls, cache, top) == 2
    assert calls.executed == {"base": 1, "top": 1}
    assert calls.loaded == ["result-2", "result-1"]
    assert await _solve(calls, cache, top) == 2
    assert calls.loaded == ["result-4"]
    assert {result.id for result in await cache.results()} == {"result-3", "result-4"}


async def test_a_result_that_cannot_be_loaded_now_is_made_again_with_a_warning(
    cache: SQLiteCacheStore, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(_: str) -> None:
        raise BuilderError("registry does not answer")

    await _solve(calls, cache, const(1, "one"))
    with monkeypatch.context() as patch:
        patch.setattr(calls, "load", unreachable)
        assert await _solve(calls, cache, const(1, "one")) == 1
    assert calls.executed == {"one": 1}
    (warning,) = [event for event in calls.events if isinstance(event, WarningEvent)]
    assert warning.vertex == str(const(1, "one").digest)
    assert "registry does not answer" in warning.short
    assert "result-1" in {result.id for result in await cache.results()}, "the entry is kept"


async def test_a_pruned_input_is_not_missed_while_its_user_is_there(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    top = add("top", const(1, "base"), plus=1)
    await _solve(calls, cache, top)
    del calls.results["result-1"]
    assert await _solve(calls, cache, top) == 2
    assert not calls.executed


async def test_ignoring_the_cache_runs_again_and_writes_the_cache(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    await _solve(calls, cache, const(1, "one"))
    await _solve(calls, cache, const(1, "one", ignore_cache=True))
    assert calls.executed == {"one": 1}
    await _solve(calls, cache, const(1, "one"))
    assert not calls.executed
    assert calls.loaded == ["result-2"], "the newer one"


async def test_what_was_made_from_a_superseded_result_is_made_again(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    current = 1

    async def clock(_: list[int]) -> list[int]:
        return [current]

    def top(ignore: bool) -> Toy:
        return add("user", Toy("clock", "clock", work=clock, ignore_cache=ignore))

    assert await _solve(calls, cache, top(ignore=False)) == 1
    current = 2
    assert await _solve(calls, cache, top(ignore=True)) == 2
    assert await _solve(calls, cache, top(ignore=False)) == 2
    assert not calls.executed


async def test_a_forced_run_alone_supersedes_what_others_made_from_the_old_result(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    current = 1

    async def clock(_: list[int]) -> list[int]:
        return [current]

    def step(ignore: bool) -> Toy:
        base = const(0, "base").edge()
        return Toy("clock", "clock", (base,), work=clock, ignore_cache=ignore)

    assert await _solve(calls, cache, add("user", step(ignore=False))) == 1
    current = 2
    assert await _solve(calls, cache, step(ignore=True)) == 2
    assert await _solve(calls, cache, add("user", step(ignore=False))) == 2
    assert calls.executed == {"user": 1}


async def test_equal_content_of_a_forced_run_keeps_its_users_cached(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    def top(ignore: bool) -> Toy:
        return add("copy", const(1, "built", ignore_cache=ignore), content=(0,))

    await _solve(calls, cache, top(ignore=False))
    await _solve(calls, cache, top(ignore=True))
    assert calls.executed == {"built": 1}


async def test_the_cache_outlives_the_process(tmp_path: Path, calls: Calls) -> None:
    top = add("top", const(1, "base"), plus=1)
    with SQLiteCacheStore(tmp_path / "cache.db") as store:
        await _solve(calls, store, top)
    with SQLiteCacheStore(tmp_path / "cache.db") as store:
        assert await _solve(calls, store, top) == 2
    assert not calls.executed


async def test_what_another_process_finished_meanwhile_is_used(
    tmp_path: Path, calls: Calls
) -> None:
    gate, started = asyncio.Event(), asyncio.Event()

    async def gated(_: list[int]) -> list[int]:
        started.set()
        await gate.wait()
        return [1]

    def top(wait: bool) -> Toy:
        base = Toy("base", "base", work=gated) if wait else const(1, "base", key="base")
        return add("top", base)

    path = tmp_path / "cache.db"
    with SQLiteCacheStore(path) as ours, SQLiteCacheStore(path) as theirs:
        task = asyncio.create_task(calls.solver(ours).solve([top(wait=True).edge()]))
        await started.wait()
        await calls.solver(theirs).solve([top(wait=False).edge()])
        assert calls.executed == {"base": 2, "top": 1}
        gate.set()
        await task
    assert calls.executed == {"base": 2, "top": 1}


async def test_records_are_seen_through_the_selector_and_contents_are_not(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    """A content digest was computed below the selected paths already (BuildKit's links)."""

    def copy(path: str) -> Toy:
        return add("copy", const(7, "tree"), content=(0,), selectors={0: path})

    await _solve(calls, cache, copy("/a"))
    (record,) = await cache.records([output_key(str(Digest.of(b"add 0")), 0)])
    tree = output_key(str(Digest.of(b"const 7")), 0)
    assert record.links == {
        Link(0, str(Digest.of(b"/a")), tree),
        Link(0, "", content_id(str(Digest.of(b"7")))),
    }
    await _solve(calls, cache, copy("/b"))
    assert calls.hashed == {"copy": 1}, "another path is another fast key ..."
    assert not calls.executed, "... but the same content"


async def test_without_content_another_selector_is_another_key(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    await _solve(calls, cache, add("run", const(7, "tree"), selectors={0: "/a"}))
    await _solve(calls, cache, add("run", const(7, "tree"), selectors={0: "/b"}))
    assert calls.executed == {"run": 1}


def test_keys_of_outputs_and_contents_are_buildkits() -> None:
    """sha256 of ``<digest>@<index>``; a content digest has no output, hence -1."""
    digest = "sha256:" + "ab" * 32
    assert output_key(digest, 0) == (
        "sha256:3de952f4b0e0fab5dd0d34875e4698477e075f8f70bea4cf2fa898afdfe1b373"
    )
    assert content_id(digest) == output_key(digest, -1)


async def test_a_use_is_written_down_once_a_minute(
    cache: SQLiteCacheStore, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = add("top", const(1, "base"), plus=1)
    await _solve(calls, cache, top)

    async def use(when: float) -> float:
        monkeypatch.setattr("builder.solver.index.time.time", lambda: when)
        await _solve(calls, cache, top)
        return max(result.used for result in await cache.results())

    made = max(result.used for result in await cache.results())
    assert await use(made + 30) == made
    assert await use(made + 61) == made + 61


async def test_an_input_that_is_known_by_another_name_hits(
    cache: SQLiteCacheStore, calls: Calls
) -> None:
    """An image of the same layers under a new digest."""

    def top(key: str, layers: str) -> Toy:
        return add("top", const(1, "base", key=key, aliases=(layers,)), plus=1)

    await _solve(calls, cache, top("v1", "layers"))
    assert await _solve(calls, cache, top("v2", "layers")) == 2
    assert not calls.executed
    await _solve(calls, cache, top("v3", "others"))
    assert calls.executed["top"] == 1
