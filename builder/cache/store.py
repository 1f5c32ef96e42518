"""The cache store on disk: SQLite in WAL mode, so that builds can share one root.

A save is one transaction. It is not synced to disk each time: after a power cut the last
records may be missing, and their steps run again, but the file is never inconsistent.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from builder.errors import BuilderError
from builder.solver.cachestore import Link, Record, StoredResult, Trace

SCHEMA = 2
_LOCK_PATIENCE = 60.0  # seconds; a save takes milliseconds, a prune of another process longer

_TABLES = """
CREATE TABLE IF NOT EXISTS records (id TEXT PRIMARY KEY, key TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS records_by_key ON records (key);
CREATE TABLE IF NOT EXISTS links (
  target TEXT NOT NULL, input INTEGER NOT NULL, selector TEXT NOT NULL, source TEXT NOT NULL,
  PRIMARY KEY (target, input, selector, source)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS results (
  record TEXT NOT NULL, id TEXT NOT NULL, created REAL NOT NULL, used REAL NOT NULL,
  PRIMARY KEY (record, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS results_by_id ON results (id);
CREATE TABLE IF NOT EXISTS notes (
  result TEXT PRIMARY KEY, text TEXT NOT NULL, kind TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sizes (result TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID;
DROP TABLE IF EXISTS traces;
CREATE TABLE traces (
  name TEXT PRIMARY KEY, body BLOB NOT NULL, written REAL NOT NULL
) WITHOUT ROWID;
"""

_RECORDS = {
    "id": "SELECT id, key FROM records WHERE id IN (SELECT value FROM json_each(?))",
    "key": "SELECT id, key FROM records WHERE key IN (SELECT value FROM json_each(?))",
}
_LINKS = (
    "SELECT target, input, selector, source FROM links"
    " WHERE target IN (SELECT value FROM json_each(?))"
)
_RESULTS = (
    "SELECT record, id, created, used FROM results WHERE record IN (SELECT value FROM json_each(?))"
)
_CLOSURE = (
    "WITH RECURSIVE reach (id) AS (SELECT value FROM json_each(?)"
    " UNION SELECT source FROM links JOIN reach ON links.target = reach.id)"
    " SELECT id FROM reach"
)
_ALL_RESULTS = (
    "SELECT id, min(created), max(used) AS last FROM results GROUP BY id ORDER BY last, id"
)
_SWEEP_RECORDS = (
    "WITH RECURSIVE alive (id) AS (SELECT record FROM results"
    " UNION SELECT source FROM links JOIN alive ON links.target = alive.id)"
    " DELETE FROM records WHERE id NOT IN (SELECT id FROM alive)"
)
_SWEEP_LINKS = "DELETE FROM links WHERE target NOT IN (SELECT id FROM records)"
_ADD_RESULT = (
    "INSERT INTO results VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
    " SET created = max(created, excluded.created), used = max(used, excluded.used)"
)

_TRACES = 5000
"""Traces that are kept, the newest: each has some hundred bytes, or some thousand."""
_FORGET_TRACES = (
    "DELETE FROM traces WHERE written < (SELECT min(written) FROM"
    " (SELECT written FROM traces ORDER BY written DESC LIMIT ?))"
)

T = TypeVar("T")


class CacheStoreError(BuilderError):
    """The cache file cannot be used. ``path`` is the file."""

    def __init__(self, message: str, path: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path


class SQLiteCacheStore:
    """A ``CacheStore`` in one file; ``path`` None keeps it in memory.

    Its calls run in worker threads, one at a time. Close it, or use it in a ``with``.
    Raises ``CacheStoreError`` where the file is damaged or of a newer schema.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._name = str(path) if path is not None else ":memory:"
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        try:
            self._database = sqlite3.connect(
                self._name, timeout=_LOCK_PATIENCE, isolation_level=None, check_same_thread=False
            )
            self._prepare(self._database)
        except sqlite3.Error as error:
            self.close()
            raise self._error(error) from error
        except CacheStoreError:
            self.close()
            raise

    def __enter__(self) -> SQLiteCacheStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; a store that was closed cannot be used again."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _prepare(self, database: sqlite3.Connection) -> None:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA:
            raise CacheStoreError(
                f"the cache {self._name} has schema {version}, this version knows {SCHEMA}",
                self._name,
                hint="use the newer version that wrote it, or another --root",
            )
        database.execute("PRAGMA synchronous = NORMAL")
        if version == SCHEMA:
            return
        database.execute("PRAGMA journal_mode = WAL")
        # One script: sqlite3 would end a transaction that we had opened ourselves.
        database.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version = {SCHEMA};COMMIT;")

    def _error(self, error: sqlite3.Error) -> CacheStoreError:
        return CacheStoreError(
            f"the cache {self._name} cannot be used: {error}",
            self._name,
            hint="prune the cache, or remove this file: it only holds cache entries",
        )

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.to_thread(self._locked, work)

    def _locked(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            if self._database is None:
                raise CacheStoreError(f"the cache {self._name} is closed", self._name)
            try:
                return work(self._database)
            except sqlite3.Error as error:
                raise self._error(error) from error

    async def _write(self, *statements: tuple[str, Sequence[tuple[object, ...]]]) -> None:
        def work(database: sqlite3.Connection) -> None:
            database.execute("BEGIN IMMEDIATE")
            try:
                for statement, rows in statements:
                    database.executemany(statement, rows)
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")

        await self._run(work)

    async def records(self, keys: Sequence[str]) -> list[Record]:
        asked = json.dumps(list(keys))
        return await self._run(lambda db: _read(db, "key", asked))

    async def closure(self, ids: Sequence[str]) -> list[Record]:
        def work(database: sqlite3.Connection) -> list[Record]:
            rows = database.execute(_CLOSURE, (json.dumps(list(ids)),)).fetchall()
            return _read(database, "id", json.dumps([name for (name,) in rows]))

        return await self._run(work)

    async def save(self, records: Sequence[Record]) -> None:
        sources = {link.source for record in records for link in record.links}
        await self._write(
            (
                "INSERT OR IGNORE INTO records VALUES (?, ?)",
                [
                    *((record.id, record.key) for record in records),
                    # The start of a chain has its key for an id; a record of its own comes
                    # from elsewhere, if it has one, and is then already there.
                    *((source, source) for source in sources),
                ],
            ),
            (
                "INSERT OR IGNORE INTO links VALUES (?, ?, ?, ?)",
                [(r.id, k.input, k.selector, k.source) for r in records for k in r.links],
            ),
            (
                _ADD_RESULT,
                [(r.id, s.id, s.created, s.used) for r in records for s in r.results],
            ),
        )

    async def touch(self, results: Sequence[str], when: float) -> None:
        await self._write(
            (
                "UPDATE results SET used = max(used, ?) WHERE id = ?",
                [(when, name) for name in results],
            )
        )

    async def drop(self, results: Sequence[str]) -> None:
        names = [(name,) for name in results]
        await self._write(
            ("DELETE FROM results WHERE id = ?", names),
            ("DELETE FROM notes WHERE result = ?", names),
            ("DELETE FROM sizes WHERE result = ?", names),
        )

    async def describe(self, notes: Sequence[tuple[str, str, str]]) -> None:
        """Keep what made a result, for people: (result, text, type of record)."""
        await self._write(("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", notes))

    async def descriptions(self) -> dict[str, tuple[str, str]]:
        """Text and type by result."""

        def work(database: sqlite3.Connection) -> dict[str, tuple[str, str]]:
            rows = database.execute("SELECT result, text, kind FROM notes").fetchall()
            return {result: (text, kind) for result, text, kind in rows}

        return await self._run(work)

    async def save_sizes(self, sizes: Mapping[str, int]) -> None:
        """Keep the bytes on disk of results, which do not change."""
        await self._write(("INSERT OR REPLACE INTO sizes VALUES (?, ?)", list(sizes.items())))

    async def sizes(self) -> dict[str, int]:
        def work(database: sqlite3.Connection) -> dict[str, int]:
            return dict(database.execute("SELECT result, size FROM sizes").fetchall())

        return await self._run(work)

    async def results(self) -> list[StoredResult]:
        """Every result that some record has, the longest unused first (for pruning)."""

        def work(database: sqlite3.Connection) -> list[StoredResult]:
            return [StoredResult(*row) for row in database.execute(_ALL_RESULTS).fetchall()]

        return await self._run(work)

    async def sweep(self) -> int:
        """Removes records that lead to no result any more; returns how many.

        To be called after results were dropped: stepping stones to nothing only cost time.
        """

        def work(database: sqlite3.Connection) -> int:
            database.execute("BEGIN IMMEDIATE")
            try:
                database.execute(_SWEEP_RECORDS)
                (gone,) = database.execute("SELECT changes()").fetchone()
                database.execute(_SWEEP_LINKS)
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")
            return int(gone)

        return await self._run(work)

    async def traces(self, names: Sequence[str]) -> dict[str, Trace]:
        def work(database: sqlite3.Connection) -> dict[str, Trace]:
            rows = database.execute(
                "SELECT name, body FROM traces WHERE name IN (SELECT value FROM json_each(?))",
                (json.dumps(list(names)),),
            )
            return {name: _trace(name, body) for name, body in rows.fetchall()}

        return await self._run(work)

    async def save_traces(self, traces: Sequence[Trace]) -> None:
        await self._write(
            (
                "INSERT OR REPLACE INTO traces VALUES (?, ?, ?)",
                [(trace.name, _body(trace), time.time()) for trace in traces],
            ),
            (_FORGET_TRACES, [(_TRACES,)]),
        )


def _read(database: sqlite3.Connection, column: str, asked: str) -> list[Record]:
    """The records whose ``column`` ("id" or "key") is in the JSON list ``asked``."""
    rows = database.execute(_RECORDS[column], (asked,)).fetchall()
    names = json.dumps([name for name, _ in rows])
    links: dict[str, list[Link]] = {name: [] for name, _ in rows}
    results: dict[str, list[StoredResult]] = {name: [] for name, _ in rows}
    for name, *link in database.execute(_LINKS, (names,)):
        links[name].append(Link(*link))
    for name, *result in database.execute(_RESULTS, (names,)):
        results[name].append(StoredResult(*result))
    return [Record(name, key, frozenset(links[name]), tuple(results[name])) for name, key in rows]


def _body(trace: Trace) -> bytes:
    document = [trace.definition, dict(trace.describe), trace.inputs, list(trace.parts.items())]
    return zlib.compress(json.dumps(document, default=dict).encode())


def _trace(name: str, body: bytes) -> Trace:
    definition, describe, inputs, parts = json.loads(zlib.decompress(body))
    return Trace(
        name, definition, describe, tuple((n, tuple(ids)) for n, ids in inputs), dict(parts)
    )
