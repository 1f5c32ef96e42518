"""The local cache, with caches imported from elsewhere (``--cache-from``) behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from builder.solver.cachestore import CacheStore, Record, Trace


class LayeredCacheStore:
    """Finds records in the local store and in imported ones; writes to the local one.

    Imported records that something local is made from are copied to the local store, so
    that it is found there again when the import is not at hand.
    """

    def __init__(self, local: CacheStore, imported: Iterable[Record] = ()) -> None:
        self._local = local
        self._imported: dict[str, Record] = {}
        self._by_key: dict[str, list[Record]] = {}
        self.add(imported)

    def add(self, imported: Iterable[Record]) -> None:
        """Put further records behind the local ones."""
        for record in imported:
            known = self._imported.get(record.id)
            self._imported[record.id] = record if known is None else _joined(known, record)
        self._by_key.clear()
        for record in self._imported.values():
            self._by_key.setdefault(record.key, []).append(record)

    async def records(self, keys: Sequence[str]) -> Sequence[Record]:
        found = list(await self._local.records(keys))
        for key in keys:
            found.extend(self._by_key.get(key, ()))
        return found

    async def save(self, records: Sequence[Record]) -> None:
        # A record that was itself imported keeps the links that lead to it.
        merged = [
            replace(r, links=r.links | self._imported[r.id].links) if r.id in self._imported else r
            for r in records
        ]
        stones = self._reach(link.source for record in merged for link in record.links)
        await self._local.save([*(replace(stone, results=()) for stone in stones), *merged])

    async def touch(self, results: Sequence[str], when: float) -> None:
        await self._local.touch(results, when)

    async def drop(self, results: Sequence[str]) -> None:
        await self._local.drop(results)

    async def closure(self, ids: Sequence[str]) -> Sequence[Record]:
        here = {record.id: record for record in await self._local.closure(ids)}
        for record in self._reach((*ids, *here)):
            known = here.get(record.id)
            here[record.id] = record if known is None else _joined(known, record)
        return list(here.values())

    async def traces(self, names: Sequence[str]) -> Mapping[str, Trace]:
        return await self._local.traces(names)

    async def save_traces(self, traces: Sequence[Trace]) -> None:
        await self._local.save_traces(traces)

    def _reach(self, ids: Iterable[str]) -> list[Record]:
        """The imported records among ``ids``, and all that leads to them."""
        found: dict[str, Record] = {}
        stack = list(ids)
        while stack:
            record = self._imported.get(stack.pop())
            if record is not None and record.id not in found:
                found[record.id] = record
                stack.extend(link.source for link in record.links)
        return list(found.values())


def _joined(one: Record, other: Record) -> Record:
    """All that two places know of a record."""
    results = {r.id: r for r in (*other.results, *one.results)}
    return replace(one, links=one.links | other.links, results=tuple(results.values()))
