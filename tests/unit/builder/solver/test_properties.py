"""Whatever the graph and whatever changed: the cache never changes a result."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from builder.cache.store import SQLiteCacheStore
from tests.unit.builder.solver.toys import Calls, Toy, add, const, value


@dataclass(frozen=True)
class Step:
    """A node: a source where it has no inputs. ``kind`` 0-2 chooses among definitions."""

    inputs: tuple[int, ...]
    kind: int
    content: bool
    session: bool
    ignore: bool


_STEPS = st.lists(
    st.builds(
        Step,
        st.lists(st.integers(0, 20), max_size=3).map(tuple),
        st.integers(0, 2),
        st.booleans(),
        st.booleans(),
        st.integers(0, 9).map(lambda n: n == 0),
    ),
    min_size=1,
    max_size=9,
)
_BUILDS = st.lists(
    st.tuples(st.lists(st.integers(0, 2), min_size=9, max_size=9), st.booleans()),
    min_size=1,
    max_size=4,
)


def _graph(steps: list[Step], values: list[int], build: int) -> tuple[Toy, int]:
    """The last step, as a vertex, and what it must come to."""
    toys: list[Toy] = []
    expected: list[int] = []
    for number, step in enumerate(steps):
        inputs = [i % number for i in step.inputs] if number else []
        if inputs:
            more = {"content": tuple(range(len(inputs))) if step.content else ()}
            toy = add(
                f"n{number}",
                *(toys[i] for i in inputs),
                plus=step.kind,
                ignore_cache=step.ignore,
                **more,
            )
            expected.append(sum(expected[i] for i in inputs) + step.kind)
        else:
            worth = values[number] * 10
            # A session reads anew in every build; another source is named by what it holds.
            key = f"session {number} {build}" if step.session else f"source {number} {worth}"
            toy = const(worth, f"n{number}", key=key, random=step.session)
            expected.append(worth)
        toys.append(toy)
    return toys[-1], expected[-1]


@settings(max_examples=150, deadline=None)
@given(_STEPS, _BUILDS)
def test_every_build_gives_what_running_all_of_it_would(
    steps: list[Step], builds: list[tuple[list[int], bool]]
) -> None:
    async def run() -> None:
        calls = Calls()
        with SQLiteCacheStore() as cache:
            for number, (values, prune) in enumerate(builds):
                if prune:
                    calls.results.clear()
                calls.forget()
                top, expected = _graph(steps, values, number)
                (result,) = await calls.solver(cache).solve([top.edge()])
                assert value(result) == expected
                assert all(count == 1 for count in calls.executed.values())
                assert calls.running == 0

    asyncio.run(run())


@settings(max_examples=60, deadline=None)
@given(_STEPS, st.lists(st.integers(0, 2), min_size=9, max_size=9))
def test_a_build_repeated_unchanged_runs_only_sessions_and_what_cannot_tell_their_content(
    steps: list[Step], values: list[int]
) -> None:
    async def run() -> None:
        calls = Calls()
        kept = [Step(s.inputs, s.kind, s.content, s.session, ignore=False) for s in steps]
        top, _ = _graph(kept, values, 0)
        with SQLiteCacheStore() as cache:
            await calls.solver(cache).solve([top.edge()])
            calls.forget()
            again, expected = _graph(kept, values, 1)
            (result,) = await calls.solver(cache).solve([again.edge()])
            assert value(result) == expected
            sources = {f"n{i}" for i, step in enumerate(kept) if not step.inputs or i == 0}
            blind = {f"n{i}" for i, step in enumerate(kept) if not step.content}
            assert set(calls.executed) <= sources | blind
            if not any(step.session for step in kept):
                assert not calls.executed

    asyncio.run(run())
