"""Which snapshots exist, in SQLite: several processes may write at once.

A row stands for a tree that is complete. Trees are not synced one by one; the row says in
which boot of the machine it was written (``boot``, empty once the tree is known to be on
disk), so that after a crash of the machine nothing half-written is believed.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.snapshot.types import SnapshotError

_SCHEMA_VERSION = 1
_BUSY_SECONDS = 60.0
_TICK_NS = 100_000_000
_FIRST_TICK = 15_778_368_000
"""2020-01-01 in ticks: ids are short, because mounts have to name many of them."""


class Database:
    """The table of snapshots in ``path``. Thread-safe; raises SnapshotError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._boot = boot_id()
        with self._errors():
            self._db = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            with self._errors():
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=NORMAL")
            self._migrate()
        except SnapshotError:
            self._db.close()
            raise

    def _migrate(self) -> None:
        with self._errors():
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > _SCHEMA_VERSION:
            raise SnapshotError(
                f"{self._path} was written by a newer version (schema {version})",
                hint="use that version, or another state directory with --root",
            )
        if version == _SCHEMA_VERSION:
            return
        with self.transaction():
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS snapshots (id INTEGER PRIMARY KEY AUTOINCREMENT,"
                " parent INTEGER REFERENCES snapshots(id), boot TEXT NOT NULL,"
                " created INTEGER NOT NULL)"
            )
            self._db.execute("CREATE INDEX IF NOT EXISTS by_parent ON snapshots(parent)")
            self._db.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise SnapshotError(f"cannot use {self._path}: {error}") from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One writer at a time, of all processes; rolled back when the body raises."""
        with self._lock, self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def insert(self, parent: int | None) -> int:
        """A new row, inside a transaction. Others keep ids too: none is ever given twice.

        SQLite's own counter could fall back when the machine crashes, so ids also follow
        the clock.
        """
        now = time.time_ns()
        with self._lock, self._errors():
            row = self._db.execute(
                "SELECT seq FROM sqlite_sequence WHERE name = 'snapshots'"
            ).fetchone()
            number = max(row[0] + 1 if row is not None else 1, now // _TICK_NS - _FIRST_TICK)
            self._db.execute(
                "INSERT INTO snapshots (id, parent, boot, created) VALUES (?, ?, ?, ?)",
                (number, parent, self._boot, now),
            )
        return number

    def delete(self, id: int) -> None:
        with self._lock, self._errors():
            self._db.execute("DELETE FROM snapshots WHERE id = ?", (id,))

    def exists(self, id: int) -> bool:
        with self._lock, self._errors():
            found = self._db.execute("SELECT 1 FROM snapshots WHERE id = ?", (id,)).fetchone()
        return found is not None

    def created(self, id: int) -> int | None:
        """When the row was written, in nanoseconds since the epoch; None for an unknown id."""
        with self._lock, self._errors():
            row = self._db.execute("SELECT created FROM snapshots WHERE id = ?", (id,)).fetchone()
        return None if row is None else int(row[0])

    def parent(self, id: int) -> int | None:
        with self._lock, self._errors():
            row = self._db.execute("SELECT parent FROM snapshots WHERE id = ?", (id,)).fetchone()
        return None if row is None or row[0] is None else int(row[0])

    def has_children(self, id: int) -> bool:
        with self._lock, self._errors():
            found = self._db.execute(
                "SELECT 1 FROM snapshots WHERE parent = ? LIMIT 1", (id,)
            ).fetchone()
        return found is not None

    def chain(self, id: int) -> list[int]:
        """``id``, its parent, and so on to the bottom; empty where ``id`` is unknown."""
        with self._lock, self._errors():
            rows = self._db.execute(
                "WITH RECURSIVE chain(id, parent, depth) AS ("
                " SELECT id, parent, 0 FROM snapshots WHERE id = ? UNION ALL"
                " SELECT s.id, s.parent, depth + 1 FROM snapshots s JOIN chain c"
                " ON s.id = c.parent) SELECT id FROM chain ORDER BY depth",
                (id,),
            ).fetchall()
        return [row[0] for row in rows]

    def ids(self) -> list[int]:
        with self._lock, self._errors():
            return [row[0] for row in self._db.execute("SELECT id FROM snapshots")]

    def drop_unsynced(self) -> bool:
        """Forget the rows, and all above them, of boots that ended before their sync."""
        with self._lock, self._errors():
            return bool(
                self._db.execute(
                    "WITH RECURSIVE lost(id) AS ("
                    " SELECT id FROM snapshots WHERE boot NOT IN ('', ?) UNION"
                    " SELECT s.id FROM snapshots s JOIN lost ON s.parent = lost.id)"
                    " DELETE FROM snapshots WHERE id IN lost",
                    (self._boot,),
                ).rowcount
            )

    def unsynced(self) -> int:
        """The newest row whose tree may not be on disk yet; 0 where all are."""
        with self._lock, self._errors():
            row = self._db.execute("SELECT max(id) FROM snapshots WHERE boot != ''").fetchone()
        return row[0] or 0

    def mark_synced(self, newest: int) -> None:
        with self._lock, self._errors():
            self._db.execute(
                "UPDATE snapshots SET boot = '' WHERE boot != '' AND id <= ?", (newest,)
            )

    def close(self) -> None:
        with self._lock, self._errors():
            self._db.close()


def boot_id() -> str:
    """What the kernel calls the time since it was started. Raises SnapshotError."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SnapshotError(f"cannot tell this boot of the machine: {error}") from error
