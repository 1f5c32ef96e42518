"""Pruning a real state directory, and what is done after a build without being asked."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.engine import prune as pruning
from builder.engine.prune import PruneError, Rule, keep_limits, prune
from builder.engine.state import State, open_state
from builder.engine.usage import usage
from builder.solver.cachestore import Record, StoredResult


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with open_state(tmp_path / "state", snapshotter="copy") as opened:
        yield opened


async def made(state: State, parent: str | None, size: int, used: float) -> str:
    """A snapshot with a file of ``size`` bytes, that a record results in."""
    with state.snapshots.prepare(parent) as active:
        (active.path / f"file-{time.monotonic_ns()}").write_bytes(os.urandom(size))
        id = active.commit()
    key = f"sha256:{int(id):064x}"
    await state.cache.save([Record(key, key, frozenset(), (StoredResult(id, used, used),))])
    return id


async def test_a_pruned_snapshot_is_gone_with_its_records_and_its_blob(state: State) -> None:
    id = await made(state, None, 50_000, 1.0)
    layer = state.chains.layer(id)
    assert state.content.has(layer.descriptor.digest)
    (record,) = await usage(state)
    assert record.size >= 100_000, "tree and blob"
    assert await prune(state, (Rule(),)) == record.size
    assert not state.snapshots.exists(id)
    assert not state.content.has(layer.descriptor.digest)
    assert await state.cache.records([f"sha256:{int(id):064x}"]) == []
    assert await usage(state) == []


async def test_a_snapshot_in_use_stays(state: State) -> None:
    id = await made(state, None, 10, 1.0)
    with state.snapshots.view(id):
        assert await prune(state, (Rule(),)) == 0
    assert state.snapshots.exists(id)


async def test_a_blob_that_nothing_refers_to_goes(state: State) -> None:
    with state.content.writer() as writer:
        writer.write(b"x" * 1000)
        blob = writer.commit()
    assert [record.size for record in await usage(state)] == [1000]
    assert await prune(state, (Rule(),)) == 1000
    assert not state.content.has(blob.digest)


async def test_nothing_is_pruned_while_another_has_it_open(state: State) -> None:
    id = await made(state, None, 10, 1.0)
    with open_state(state.root, snapshotter="copy"):
        with pytest.raises(PruneError, match="a build is using"):
            await prune(state, (Rule(),))
        assert await keep_limits(state) == 0
    assert state.snapshots.exists(id)
    assert await prune(state, (Rule(),)) > 0


async def test_a_build_leaves_the_cache_within_its_limits(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [await made(state, None, 100_000, float(n)) for n in range(4)]
    monkeypatch.setattr(pruning, "default_rules", lambda disk: (Rule(max_used=250_000),))
    assert await keep_limits(state) > 0
    assert [state.snapshots.exists(id) for id in ids] == [False, False, True, True]


def test_garbage_is_looked_for_once_a_minute(state: State) -> None:
    assert state.collection_is_due()
    assert not state.collection_is_due()
    past = time.time() - 100
    os.utime(state.root / "collected", (past, past))
    assert state.collection_is_due()


async def test_what_nothing_leads_to_is_removed(state: State) -> None:
    below = await made(state, None, 10, 1.0)
    with state.snapshots.prepare(below) as active:
        middle = active.commit()
    kept = await made(state, middle, 10, 1.0)
    with state.snapshots.prepare(below) as active:
        lost = active.commit()
    with state.snapshots.prepare(lost) as active:
        lost_too = active.commit()
    await keep_limits(state)
    assert set(state.snapshots.ids()) == {below, middle, kept}
    assert not state.snapshots.exists(lost_too)


def test_what_a_dead_process_kept_for_itself_is_removed(state: State) -> None:
    run = state.root / "run"
    (run / "dead").touch()
    (run / "dead.d" / "upload").mkdir(parents=True)
    (run / "dead.d" / "upload" / "file").write_text("x")
    with open_state(state.root, snapshotter="copy") as other:
        assert other.run != state.run
        assert sorted(run.iterdir()) == sorted(
            path for each in (state, other) for path in (each.run, each.run.with_suffix(""))
        )
