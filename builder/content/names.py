"""Names of images in the local store: name -> descriptor of its manifest or index."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from pathlib import Path

from builder.oci.descriptor import Descriptor

_SCHEMA = """
CREATE TABLE IF NOT EXISTS image (
  name TEXT PRIMARY KEY,
  descriptor TEXT NOT NULL,
  updated REAL NOT NULL
)
"""


class ImageNames:
    """A table of ``domain/path:tag`` names; safe for threads and for several processes."""

    def __init__(self, database: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(
            database, timeout=60, isolation_level=None, check_same_thread=False
        )
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(_SCHEMA)

    def get(self, name: str) -> Descriptor | None:
        with self._lock:
            row = self._db.execute("SELECT descriptor FROM image WHERE name=?", (name,)).fetchone()
        return None if row is None else Descriptor.from_json(json.loads(row[0]))

    def put(self, name: str, descriptor: Descriptor) -> None:
        text = json.dumps(descriptor.to_json())
        with self._lock:
            self._db.execute(
                "INSERT OR REPLACE INTO image VALUES (?, ?, ?)", (name, text, time.time())
            )

    def remove(self, name: str) -> bool:
        """Whether the name was there."""
        with self._lock:
            return self._db.execute("DELETE FROM image WHERE name=?", (name,)).rowcount > 0

    def all(self) -> dict[str, Descriptor]:
        with self._lock:
            rows = self._db.execute("SELECT name, descriptor FROM image ORDER BY name").fetchall()
        return {name: Descriptor.from_json(json.loads(text)) for name, text in rows}

    def close(self) -> None:
        with self._lock:
            self._db.close()
