"""Finding records by the links that lead to them: the store's, and this process's own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

from msgspec.structs import replace

from builder.solver.cachestore import VOLATILE, CacheStore, Link, Record, StoredResult

USE_SECONDS = 60.0
"""A use is written down when the last one known is older: a build that finds everything
cached then writes nothing, and needs not wait for the disk."""


class Source(NamedTuple):
    """What stands for one input of a vertex.

    The records of the input are seen through ``selector``; a content digest was computed
    below the selector already, so ``content`` (the id of its record) has none of its own.
    """

    ids: Sequence[str]
    selector: str = ""
    content: str | None = None

    def links(self, number: int) -> set[Link]:
        """All links that lead from here to a user whose input ``number`` this is."""
        links = {Link(number, self.selector, name) for name in self.ids}
        if self.content is not None:
            links.add(Link(number, "", self.content))
        return links

    def canonical(self) -> Link:
        """The one link that names the input: its content, else its smallest lasting record."""
        if self.content is not None:
            return Link(0, "", self.content)
        name = min(self.ids, key=lambda name: (name.startswith(VOLATILE), name))
        return Link(0, self.selector, name)


class RecordIndex:
    """Records in memory, read from the store in batches and written through to it.

    Records that only volatile links lead to are kept here and nowhere else.
    """

    def __init__(self, store: CacheStore) -> None:
        self._store = store
        self._records: dict[str, Record] = {}
        self._by_key: dict[str, set[str]] = {}
        self._by_link: dict[tuple[str, Link], set[str]] = {}
        self._fetched: set[str] = set()
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._batch: tuple[set[str], asyncio.Task[None]] | None = None
        self._one_read = asyncio.Lock()
        self._used: dict[str, None] = {}

    async def fetch(self, keys: Iterable[str], *, again: bool = False) -> None:
        """Makes the store's records of ``keys`` known.

        What is asked for at about the same time becomes one query. With ``again``, also what
        other processes have saved since the first time.
        """
        tasks = set()
        for key in keys:
            if key.startswith(VOLATILE) or (key in self._fetched and not again):
                continue
            if key not in self._reading:
                if self._batch is None:
                    batch: set[str] = set()
                    self._batch = (batch, asyncio.create_task(self._read(batch)))
                self._batch[0].add(key)
                self._reading[key] = self._batch[1]
            tasks.add(self._reading[key])
        for task in tasks:
            await asyncio.shield(task)

    async def _read(self, keys: set[str]) -> None:
        # A turn of patience, and one read at a time: what is asked for meanwhile is the next
        # batch, so a thousand vertices need a handful of queries however they become ready.
        await asyncio.sleep(0)
        async with self._one_read:
            self._batch = None
            try:
                for record in await self._store.records(tuple(keys)):
                    self._remember(record)
            finally:
                for key in keys:
                    del self._reading[key]
            self._fetched.update(keys)

    def _remember(self, record: Record) -> None:
        known = self._records.get(record.id)
        if known is not None:
            results = {r.id: r for r in (*known.results, *record.results)}
            record = replace(
                record, links=known.links | record.links, results=tuple(results.values())
            )
        self._records[record.id] = record
        self._by_key.setdefault(record.key, set()).add(record.id)
        for link in record.links - known.links if known else record.links:
            self._by_link.setdefault((record.key, link), set()).add(record.id)

    def knows(self, key: str) -> bool:
        """Whether any record has this key."""
        return key in self._by_key

    def reached(self, key: str, number: int, source: Source) -> set[str]:
        """Records of ``key`` that ``source``, as input ``number``, leads to."""
        found: set[str] = set()
        for link in source.links(number):
            found |= self._by_link.get((key, link), set())
        return found

    def match(self, key: str, sources: Sequence[Source]) -> tuple[str, ...]:
        """Records of ``key`` that every input leads to, the one with the newest result first.

        Where several have results only the newest stands for the output: the older ones were
        superseded by a run that ignored the cache, and so were those made from them.
        """
        if not sources:
            known = self._by_key.get(key, set())
            found = {key, *(name for name in known if self._records[name].arity == 0)}
        else:
            found = self.reached(key, 0, sources[0])
            for number, source in enumerate(sources[1:], 1):
                if not found:
                    return ()
                found &= self.reached(key, number, source)
            found = {name for name in found if self._records[name].arity == len(sources)}
        if len(found) == 1:
            return tuple(found)
        made = [name for name in found if self._newest(name)]
        made.sort(key=self._newest, reverse=True)
        return (*made[:1], *sorted(found.difference(made)))

    def _newest(self, id: str) -> float:
        record = self._records.get(id)
        return max((result.created for result in record.results), default=0.0) if record else 0.0

    def results(self, ids: Iterable[str]) -> list[str]:
        """Ids of the results of these records, newest first."""
        records = [self._records[name] for name in ids if name in self._records]
        found = [result for record in records for result in record.results]
        found.sort(key=lambda result: result.created, reverse=True)
        return [result.id for result in found]

    def used(self, result: str) -> None:
        """Notes a use; told to the store by ``flush``."""
        self._used[result] = None

    async def flush(self) -> None:
        """Tells the store what was used. No reading goes on afterwards."""
        await asyncio.gather(*set(self._reading.values()), return_exceptions=True)
        now = time.time()
        known = {r.id: r.used for record in self._records.values() for r in record.results}
        used = [id for id in self._used if now - known.get(id, 0.0) >= USE_SECONDS]
        self._used = {}
        if used:
            await self._store.touch(used, now)

    async def add(self, records: Sequence[Record]) -> None:
        """Remembers records, and saves what of them means something to other processes."""
        for record in records:
            self._remember(record)
        persistent = [
            replace(r, links=frozenset(k for k in r.links if not k.source.startswith(VOLATILE)))
            for r in records
            if r.persistent
        ]
        if persistent:
            await self._store.save(persistent)

    async def relink(self, ids: Iterable[str], links: frozenset[Link]) -> None:
        """Lets more links lead to known records: a slow hit becomes a fast one next time."""
        known = [self._records[name] for name in ids if name in self._records]
        fresh = [Record(r.id, r.key, links - r.links) for r in known if links - r.links]
        if fresh:
            await self.add(fresh)

    async def adopt(self, ids: Iterable[str], former: str, result: str) -> None:
        """Remembers that a stored result has come to this machine as ``result``."""
        adopted = []
        for name in ids:
            for stored in self._records[name].results if name in self._records else ():
                if stored.id == former:
                    links, key = self._records[name].links, self._records[name].key
                    here = StoredResult(result, stored.created, time.time())
                    adopted.append(Record(name, key, links, (here,)))
        await self.add(adopted)

    async def drop(self, result: str) -> None:
        """Forgets a result that is gone."""
        for name, record in self._records.items():
            if any(r.id == result for r in record.results):
                kept = tuple(r for r in record.results if r.id != result)
                self._records[name] = replace(record, results=kept)
        await self._store.drop((result,))


def identity(definition: str, sources: Sequence[Source]) -> str:
    """Names the work "this definition on these inputs"; equal in every process.

    Volatile when the definition, or what names an input, is.
    """
    links = [source.canonical() for source in sources]
    parts = (definition, *(part for link in links for part in (link.selector, link.source)))
    volatile = any(part.startswith(VOLATILE) for part in parts)
    digest = sha256("\0".join(parts).encode()).hexdigest()
    return (VOLATILE if volatile else "sha256:") + digest


def new_record(id: str, key: str, links: frozenset[Link], result: str, now: float) -> Record:
    """The record of an output that has just been made."""
    return Record(id, key, links, (StoredResult(result, now, now),))
