"""The cache file: what is saved, by whom, and what is refused."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.cache.store import CacheStoreError, SQLiteCacheStore
from builder.solver.cachestore import Link, Record, StoredResult, Trace

BASE = Record("k1", "k1", frozenset(), (StoredResult("r1", 10.0, 10.0),))
TOP = Record("t1", "k2", frozenset({Link(0, "", "k1")}), (StoredResult("r2", 11.0, 11.0),))


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SQLiteCacheStore]:
    path = tmp_path / "cache.db" if request.param == "file" else None
    with SQLiteCacheStore(path) as opened:
        yield opened


async def test_records_come_back_by_key(store: SQLiteCacheStore) -> None:
    await store.save([BASE, TOP])
    assert await store.records(["k2"]) == [TOP]
    assert await store.records(["k1", "absent"]) == [BASE]


async def test_links_and_results_are_added_to_a_record(store: SQLiteCacheStore) -> None:
    await store.save([BASE, TOP])
    more = Link(0, "sha256:selector", "content")
    await store.save([Record("t1", "k2", frozenset({more}), (StoredResult("r3", 12.0, 12.0),))])
    (record,) = await store.records(["k2"])
    assert record.links == TOP.links | {more}
    assert {r.id for r in record.results} == {"r2", "r3"}


async def test_a_dropped_result_leaves_its_record(store: SQLiteCacheStore) -> None:
    await store.save([BASE, TOP])
    await store.drop(["r1"])
    assert await store.records(["k1"]) == [Record("k1", "k1")]
    assert await store.records(["k2"]) == [TOP]


async def test_touching_moves_the_last_use_forwards_only(store: SQLiteCacheStore) -> None:
    await store.save([BASE])
    await store.touch(["r1"], 50.0)
    await store.touch(["r1"], 20.0)
    (record,) = await store.records(["k1"])
    assert record.results == (StoredResult("r1", 10.0, 50.0),)


async def test_closure_is_all_that_leads_to_a_record(store: SQLiteCacheStore) -> None:
    stranger = Record("s", "s")
    await store.save([BASE, TOP, stranger])
    assert {r.id for r in await store.closure(["t1"])} == {"t1", "k1"}


async def test_closure_of_a_long_chain_needs_no_stack(store: SQLiteCacheStore) -> None:
    chain = [Record(f"n{i}", f"n{i}", frozenset({Link(0, "", f"n{i - 1}")})) for i in range(5000)]
    await store.save(chain)
    assert len(await store.closure(["n4999"])) == 5001


async def test_results_are_listed_by_their_last_use(store: SQLiteCacheStore) -> None:
    twin = Record("t2", "k3", frozenset(), (StoredResult("r2", 9.0, 9.0),))
    await store.save([TOP, twin, BASE])
    await store.touch(["r1"], 99.0)
    assert await store.results() == [
        StoredResult("r2", 9.0, 11.0),
        StoredResult("r1", 10.0, 99.0),
    ]


async def test_sweeping_keeps_what_leads_to_a_result_and_nothing_else(
    store: SQLiteCacheStore,
) -> None:
    middle = Record("m", "m", frozenset({Link(0, "", "k1")}))
    top = Record("t", "t", frozenset({Link(0, "", "m")}), (StoredResult("r9", 1.0, 1.0),))
    await store.save([BASE, middle, top, Record("x", "x", frozenset({Link(0, "", "m")}))])
    await store.drop(["r1"])
    assert await store.sweep() == 1
    assert {r.id for r in await store.records(["k1", "m", "t", "x"])} == {"k1", "m", "t"}
    await store.drop(["r9"])
    assert await store.sweep() == 3
    assert await store.closure(["t"]) == []


async def test_traces_come_back_by_name_and_are_replaced(store: SQLiteCacheStore) -> None:
    parts = {0: {"/a": "1f2e", "/b/": "3d4c"}}
    first = Trace("RUN x", "d1", {"args": "x"}, (("base", ("k1", "c1")),), parts)
    second = Trace("RUN x", "d2", {"args": "y"}, ())
    await store.save_traces([first])
    assert await store.traces(["RUN x", "other"]) == {"RUN x": first}
    await store.save_traces([second])
    assert await store.traces(["RUN x"]) == {"RUN x": second}


async def test_a_save_that_fails_midway_saves_nothing(store: SQLiteCacheStore) -> None:
    bad = Record("b", "b", frozenset(), (StoredResult("r", None, 0.0),))  # type: ignore[arg-type]
    with pytest.raises(CacheStoreError, match="NOT NULL"):
        await store.save([BASE, bad])
    assert await store.records(["k1"]) == []
    await store.save([BASE])
    assert await store.records(["k1"]) == [BASE]


async def test_thousands_of_keys_are_one_call(store: SQLiteCacheStore) -> None:
    many = [Record(f"k{i}", f"k{i}") for i in range(40_000)]
    await store.save(many)
    assert len(await store.records([r.key for r in many])) == 40_000


_WRITER = """
import asyncio, sys
from pathlib import Path
from builder.cache.store import SQLiteCacheStore
from builder.solver.cachestore import Record, StoredResult

async def main(path, name):
    with SQLiteCacheStore(Path(path)) as store:
        for i in range(100):
            key = f"{name}-{i}"
            await store.save([Record(key, key, frozenset(), (StoredResult(key, 1.0, 1.0),))])

asyncio.run(main(*sys.argv[1:]))
"""


async def test_several_processes_may_open_and_write_one_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), f"writer{n}"], cwd=Path.cwd())
        for n in range(4)
    ]
    assert [await asyncio.to_thread(w.wait) for w in writers] == [0, 0, 0, 0]
    with SQLiteCacheStore(path) as store:
        keys = [f"writer{n}-{i}" for n in range(4) for i in range(100)]
        found = await store.records(keys)
    assert len(found) == 400
    assert all(len(r.results) == 1 for r in found)


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(CacheStoreError, match="schema 99") as caught:
        SQLiteCacheStore(path)
    assert "newer version" in caught.value.hint


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    path.write_bytes(b"not a database, surely" * 100)
    with pytest.raises(CacheStoreError, match=r"cache\.db") as caught:
        SQLiteCacheStore(path)
    assert caught.value.path == str(path)
    assert caught.value.hint


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = SQLiteCacheStore(tmp_path / "cache.db")
    store.close()
    with pytest.raises(CacheStoreError, match="closed"):
        await store.records(["k"])


async def test_only_so_many_traces_are_kept(
    store: SQLiteCacheStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builder.cache.store._TRACES", 2)
    for name in ("old", "new", "newest"):
        await store.save_traces([Trace(name, "d")])
    assert set(await store.traces(["old", "new", "newest"])) == {"new", "newest"}


async def test_notes_and_sizes_go_with_their_result(store: SQLiteCacheStore) -> None:
    await store.describe([("r1", "RUN x", "regular"), ("r2", "RUN y", "regular")])
    await store.save_sizes({"r1": 7, "r2": 8})
    await store.drop(["r1"])
    assert await store.descriptions() == {"r2": ("RUN y", "regular")}
    assert await store.sizes() == {"r2": 8}
