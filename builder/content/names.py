"""Names of images in the local store: name -> descriptor of its manifest or index."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from pathlib import Path

from builder.oci.descriptor import Descriptor

_COLUMNS = "(name TEXT PRIMARY KEY, descriptor TEXT NOT NULL, updated REAL NOT NULL)"
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS image {_COLUMNS};
CREATE TABLE IF NOT EXISTS pulled {_COLUMNS};
"""


class ImageNames:
    """A table of ``domain/path:tag`` names; safe for threads and for several processes."""

    def __init__(self, database: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(
            database, timeout=60, isolation_level=None, check_same_thread=False
        )
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.executescript(_SCHEMA)

    def get(self, name: str) -> Descriptor | None:
        return self._get("SELECT descriptor FROM image WHERE name=?", name)

    def put(self, name: str, descriptor: Descriptor) -> None:
        self._put("INSERT OR REPLACE INTO image VALUES (?, ?, ?)", name, descriptor)

    def pulled(self, name: str) -> Descriptor | None:
        """What a registry last said that ``name`` is."""
        return self._get("SELECT descriptor FROM pulled WHERE name=?", name)

    def put_pulled(self, name: str, descriptor: Descriptor) -> None:
        """Remember what a registry said, for builds that may not ask."""
        if self.pulled(name) != descriptor:
            self._put("INSERT OR REPLACE INTO pulled VALUES (?, ?, ?)", name, descriptor)

    def all_pulled(self) -> dict[str, Descriptor]:
        return self._all("SELECT name, descriptor FROM pulled ORDER BY name")

    def remove_pulled(self, name: str) -> None:
        with self._lock:
            self._db.execute("DELETE FROM pulled WHERE name=?", (name,))

    def _get(self, query: str, name: str) -> Descriptor | None:
        with self._lock:
            row = self._db.execute(query, (name,)).fetchone()
        return None if row is None else Descriptor.from_json(json.loads(row[0]))

    def _put(self, query: str, name: str, descriptor: Descriptor) -> None:
        text = json.dumps(descriptor.to_json())
        with self._lock:
            self._db.execute(query, (name, text, time.time()))

    def remove(self, name: str) -> bool:
        """Whether the name was there."""
        with self._lock:
            return self._db.execute("DELETE FROM image WHERE name=?", (name,)).rowcount > 0

    def all(self) -> dict[str, Descriptor]:
        return self._all("SELECT name, descriptor FROM image ORDER BY name")

    def _all(self, query: str) -> dict[str, Descriptor]:
        with self._lock:
            rows = self._db.execute(query).fetchall()
        return {name: Descriptor.from_json(json.loads(text)) for name, text in rows}

    def close(self) -> None:
        with self._lock:
            self._db.close()
