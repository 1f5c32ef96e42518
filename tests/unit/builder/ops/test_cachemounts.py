"""Cache mounts: who shares a directory with whom."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from builder.llb.ops import CacheSharing
from builder.ops.cachemounts import CacheMounts
from builder.snapshot.copying import CopySnapshotter


@pytest.fixture
def caches(tmp_path: Path) -> CacheMounts:
    return CacheMounts(tmp_path / "caches", CopySnapshotter(tmp_path / "snapshots"))


async def test_what_one_step_leaves_the_next_one_finds(caches: CacheMounts) -> None:
    async with caches.lend("id", None, CacheSharing.SHARED) as one:
        (one / "left").touch()
    async with caches.lend("id", None, CacheSharing.SHARED) as again:
        assert (again / "left").exists()
    async with caches.lend("other", None, CacheSharing.SHARED) as other:
        assert not (other / "left").exists()


async def test_a_shared_cache_is_lent_to_all_at_once(caches: CacheMounts) -> None:
    async with (
        caches.lend("id", None, CacheSharing.SHARED) as one,
        caches.lend("id", None, CacheSharing.SHARED) as two,
    ):
        assert one == two


async def test_a_private_cache_gives_the_second_user_one_of_its_own(caches: CacheMounts) -> None:
    async with caches.lend("id", None, CacheSharing.PRIVATE) as one:
        async with caches.lend("id", None, CacheSharing.PRIVATE) as two:
            assert one != two
        async with caches.lend("id", None, CacheSharing.PRIVATE) as three:
            assert three == two
    async with caches.lend("id", None, CacheSharing.PRIVATE) as first:
        assert first == one


async def test_a_locked_cache_waits_for_its_turn(caches: CacheMounts) -> None:
    inside = 0

    async def use() -> None:
        nonlocal inside
        async with caches.lend("id", None, CacheSharing.LOCKED):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.02)
            inside -= 1

    await asyncio.wait_for(asyncio.gather(*(use() for _ in range(4))), 10)


async def test_a_lock_is_let_go_when_the_step_fails(caches: CacheMounts) -> None:
    with pytest.raises(RuntimeError):
        async with caches.lend("id", None, CacheSharing.LOCKED):
            raise RuntimeError
    async with asyncio.timeout(5), caches.lend("id", None, CacheSharing.LOCKED):
        pass


async def test_a_cache_begins_with_its_base(tmp_path: Path) -> None:
    snapshots = CopySnapshotter(tmp_path / "snapshots")
    with snapshots.prepare(None) as active:
        (active.path / "from-base").write_text("x")
        (active.path / "from-base").chmod(0o600)
        base = active.commit()
    caches = CacheMounts(tmp_path / "caches", snapshots)
    async with caches.lend("id", base, CacheSharing.SHARED) as found:
        assert (found / "from-base").stat().st_mode & 0o777 == 0o600
        (found / "from-base").unlink()
    async with caches.lend("id", base, CacheSharing.SHARED) as again:
        assert not (again / "from-base").exists()


async def test_an_id_never_becomes_a_path(caches: CacheMounts, tmp_path: Path) -> None:
    async with caches.lend("../../../evil/..", None, CacheSharing.SHARED) as found:
        assert found.is_relative_to(tmp_path / "caches")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["caches", "snapshots"]


async def test_many_steps_may_be_the_first_to_use_a_cache(caches: CacheMounts) -> None:
    ready = asyncio.Barrier(50)

    async def use() -> None:
        async with caches.lend("id", None, CacheSharing.SHARED) as found:
            assert found.is_dir()
            await ready.wait()

    await asyncio.wait_for(asyncio.gather(*(use() for _ in range(50))), 10)
