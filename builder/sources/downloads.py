"""What was downloaded, and by which ETag the server knew it: asked for again, not fetched again."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from msgspec import Struct

from builder.oci.digest import Digest

_SCHEMA = """
CREATE TABLE IF NOT EXISTS download (
  request TEXT NOT NULL,
  etag TEXT NOT NULL,
  checksum TEXT NOT NULL,
  modified TEXT NOT NULL,
  snapshot TEXT NOT NULL,
  PRIMARY KEY (request, etag)
)
"""


class Download(Struct, frozen=True):
    """A file in ``snapshot``. ``modified`` is the server's Last-Modified, as it was sent."""

    etag: str
    checksum: Digest
    modified: str
    snapshot: str


class Downloads:
    """A table of the state database; safe for threads and for several processes."""

    def __init__(self, database: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(
            database, timeout=60, isolation_level=None, check_same_thread=False
        )
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(_SCHEMA)

    def of(self, request: Digest) -> list[Download]:
        """All that came of that request, by its digest."""
        with self._lock:
            rows = self._db.execute(
                "SELECT etag, checksum, modified, snapshot FROM download WHERE request=?",
                (str(request),),
            ).fetchall()
        return [Download(etag, Digest(sum_), date, tree) for etag, sum_, date, tree in rows]

    def snapshots(self) -> list[str]:
        """Those of all downloads; some may be gone."""
        with self._lock:
            return [id for (id,) in self._db.execute("SELECT snapshot FROM download")]

    def put(self, request: Digest, download: Download) -> None:
        values = (
            *(str(request), download.etag, str(download.checksum)),
            *(download.modified, download.snapshot),
        )
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO download VALUES (?, ?, ?, ?, ?)", values)

    def forget(self, snapshot: str) -> None:
        """Its tree is gone."""
        with self._lock:
            self._db.execute("DELETE FROM download WHERE snapshot=?", (snapshot,))

    def close(self) -> None:
        with self._lock:
            self._db.close()
