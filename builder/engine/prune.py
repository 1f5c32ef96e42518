"""Pruning: which records go, by BuildKit's rules, and their removal."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec import Struct

from builder.engine.state import State
from builder.engine.usage import (
    CACHE_MOUNT,
    CONTEXT,
    INTERNAL,
    LEFT_OVER,
    LOCAL,
    REPOSITORY,
    UsageRecord,
    kept_blobs,
    mount_directory,
    usage,
)
from builder.errors import BuilderError
from builder.snapshot.tree import remove_tree
from builder.snapshot.types import SnapshotError

_GB = 10**9
_DAY = 24 * 3600.0
_FILTER = re.compile(r"([a-z]+)(?:(==|!=|~=|=)(.*))?", re.DOTALL)
_FLAGS = ("inuse", "mutable", "immutable", "shared", "private")
_VALUES = ("id", "parents", "parent", "type", "description")


class PruneError(BuilderError):
    """A filter that is none, or a state directory that is in use."""


class Filter(Struct, frozen=True):
    """``key`` alone, or compared with ``value``: ``==``, ``!=`` or ``~=`` (a regular
    expression). Several must all hold."""

    key: str
    operator: str = ""
    value: str = ""

    def matches(self, record: UsageRecord) -> bool:
        held = _field(record, self.key)
        if not self.operator:
            return bool(held)
        text = held if isinstance(held, str) else ""
        if self.operator == "~=":
            return re.search(self.value, text) is not None
        return (text == self.value) == (self.operator == "==")


def parse_filters(text: str) -> tuple[Filter, ...]:
    """``type==regular,shared`` and the like; one ``=`` does for two. Raises PruneError."""
    return tuple(_parse_filter(part, text) for part in text.split(","))


def _parse_filter(part: str, text: str) -> Filter:
    found = _FILTER.fullmatch(part.strip())
    if found is None or found[1] not in (*_FLAGS, *_VALUES):
        raise PruneError(
            f"invalid filter {text!r}",
            hint=f"known are {', '.join((*_VALUES, *_FLAGS))}; for example type==regular",
        )
    key = "parents" if found[1] == "parent" else found[1]
    operator = {"=": "==", None: ""}.get(found[2], found[2])
    try:
        re.compile(found[3] or "" if operator == "~=" else "")
    except re.error as error:
        raise PruneError(f"invalid filter {text!r}: {error}") from error
    return Filter(key, operator, (found[3] or "").strip("\"'"))


def _field(record: UsageRecord, key: str) -> str | bool:
    fields: dict[str, str | bool] = {
        "id": record.id,
        "parents": ";".join(record.parents),
        "description": record.description,
        "type": record.type,
        "inuse": record.in_use,
        "mutable": record.mutable,
        "immutable": not record.mutable,
        "shared": record.shared,
        "private": not record.shared,
    }
    return fields[key]


class Rule(Struct, frozen=True):
    """What one prune removes. Sizes in bytes, 0 for no limit; ``unused_for`` in seconds.

    Without limits all that the filters let through goes. ``everything`` takes also what
    named images share, and internal records.
    """

    filters: tuple[Filter, ...] = ()
    everything: bool = False
    unused_for: float = 0.0
    reserved: int = 0
    max_used: int = 0
    min_free: int = 0

    def keeps(self, total: int, free: int) -> int:
        """How many bytes may stay; 0 where there is no limit that says so."""
        if not (self.max_used or self.reserved or self.min_free):
            return 0
        keep = self.max_used
        excess = self.min_free - free
        if excess > 0:
            keep = min(keep, total - excess) if keep else total - excess
        elif self.min_free and not keep:
            keep = total
        return max(keep, self.reserved)

    def takes(self, record: UsageRecord, now: float) -> bool:
        """Whether the record may go, were nothing on top of it."""
        if record.in_use:
            return False
        if not self.everything and (record.shared or record.type in (INTERNAL, "frontend")):
            return False
        last = record.used if record.used is not None else record.created
        if self.unused_for and last > now - self.unused_for:
            return False
        return all(each.matches(record) for each in self.filters)


def default_rules(total_disk: int) -> tuple[Rule, ...]:
    """What is kept without being asked: BuildKit's default policy for a disk of that size."""
    reserved = min(_share(total_disk, 10), 10 * _GB)
    max_used = min(_share(total_disk, 80), 100 * _GB)
    limits = Rule(reserved=reserved, max_used=max_used, min_free=_share(total_disk, 20))
    easy = [
        Rule((Filter("type", "==", kind),), unused_for=2 * _DAY, max_used=512 * 10**6)
        for kind in (LOCAL, CACHE_MOUNT, "source.git.checkout")
    ]
    old = Rule((), False, 60 * _DAY, limits.reserved, limits.max_used, limits.min_free)
    last = Rule((), True, 0.0, limits.reserved, limits.max_used, limits.min_free)
    return (*easy, old, limits, last)


def _share(total: int, percent: int) -> int:
    return (total * percent // 100 // (1 << 30) + 1) * _GB


def plan(records: Sequence[UsageRecord], rule: Rule, free: int, now: float) -> list[UsageRecord]:
    """The records to remove, in order: none before what lies on it."""
    total = sum(record.size for record in records if not record.shared)
    keep = rule.keeps(total, free)
    left = {record.id: record for record in records}
    users: dict[str, int] = {}
    for record in records:
        for parent in record.parents:
            users[parent] = users.get(parent, 0) + 1
    out: list[UsageRecord] = []
    while not keep or total > keep:
        able = [r for r in left.values() if not users.get(r.id) and rule.takes(r, now)]
        if not able:
            break
        able.sort(key=lambda r: r.used if r.used is not None else r.created)
        for record in able[:1] if keep else able:
            del left[record.id]
            out.append(record)
            total -= 0 if record.shared else record.size
            for parent in record.parents:
                users[parent] -= 1
    return out


async def prune(
    state: State, rules: Sequence[Rule], removed: Callable[[UsageRecord], None] | None = None
) -> int:
    """Apply the rules one after the other; bytes that were freed.

    Nothing else may use the state directory meanwhile. Raises PruneError where another
    process does, and what the stores raise.
    """
    with state.alone() as alone:
        if not alone:
            raise PruneError(f"a build is using {state.root}", hint="prune again when it has ended")
        freed = 0
        records = await usage(state)
        for rule in rules:
            doomed = plan(records, rule, free_space(state)[1], time.time())
            for record in doomed:
                if await asyncio.to_thread(_remove, state, record):
                    freed += record.size
                    if removed is not None:
                        removed(record)
            gone = {record.id for record in doomed}
            await state.cache.drop([id for id in gone if id.isdecimal()])
            records = [record for record in records if record.id not in gone]
        if freed:
            await state.cache.sweep()
            await asyncio.to_thread(_sweep_blobs, state)
    return freed


async def keep_limits(state: State) -> int:
    """What is done after a build: the default rules; bytes freed.

    Does nothing while another process uses the state directory.
    """
    with state.alone() as alone:
        if alone:
            await _remove_unreachable(state)
    try:
        return await prune(state, default_rules(free_space(state)[0]))
    except PruneError:
        return 0


def free_space(state: State) -> tuple[int, int]:
    """Size of the disk, and what is free of it, in bytes."""
    found = os.statvfs(state.root)
    return found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize


def _remove(state: State, record: UsageRecord) -> bool:
    if record.id == LEFT_OVER:
        return True  # all of them go in the end
    if record.type == CACHE_MOUNT:
        slot = mount_directory(state.root / "caches", record.id)
        if slot is not None:
            doomed = slot.with_name(f"doomed-{slot.name}")
            slot.rename(doomed)
            remove_tree(doomed)
        return slot is not None
    if record.id.startswith(REPOSITORY):
        shutil.rmtree(state.root / "git" / record.id.removeprefix(REPOSITORY), ignore_errors=True)
        return True
    if record.id.startswith(CONTEXT):
        for path in (state.root / "contexts").glob(f"{record.id.removeprefix(CONTEXT)}*"):
            remove_tree(path)
        return True
    try:
        state.snapshots.remove(record.id)
    except SnapshotError:
        return False  # somebody has begun to use it
    state.chains.forget(record.id)
    state.downloads.forget(record.id)
    return True


async def _remove_unreachable(state: State) -> None:
    """Remove the snapshots that nothing leads to: of builds that were killed."""
    reached: set[str] = set()
    found = {result.id for result in await state.cache.results()}
    for start in (*found, *state.chains.snapshots(), *state.downloads.snapshots()):
        id: str | None = start
        while id is not None and id not in reached and state.snapshots.exists(id):
            reached.add(id)
            id = state.snapshots.parent(id)
    for id in reversed(state.snapshots.ids()):
        if id not in reached:
            with suppress(SnapshotError):
                await asyncio.to_thread(state.snapshots.remove, id)
                state.chains.forget(id)


def _sweep_blobs(state: State) -> None:
    """Remove the blobs that nothing refers to."""
    kept = kept_blobs(state)
    layers = {d for id in state.snapshots.ids() for d in state.chains.blobs(id)}
    for digest in list(state.content.digests()):
        if digest not in kept.named and digest not in kept.pulled and digest not in layers:
            state.content.delete(digest)
    for left in (state.root / "caches").glob("doomed-*"):
        shutil.rmtree(left, ignore_errors=True)
