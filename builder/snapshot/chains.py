"""Which snapshot is which layer: chains of image layers, and the blobs made of snapshots.

A *chain* is a sequence of diff IDs, bottom first, named by its chain ID (OCI image-spec,
config.md, "Layer ChainID"): equal chains share their snapshots. A snapshot that a build
made has a layer too, written when it is first asked for.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from builder.content import ContentStore
from builder.oci import mediatypes
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.snapshot.changes import ChangeWalk
from builder.snapshot.layers import apply_blob, convert_layer_blob, create_layer_blob, never
from builder.snapshot.types import Change, Snapshotter

_SCHEMA = """
CREATE TABLE IF NOT EXISTS chain (id TEXT PRIMARY KEY, snapshot TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS layer (
  snapshot TEXT NOT NULL,
  form TEXT NOT NULL,
  diff_id TEXT NOT NULL,
  descriptor TEXT NOT NULL,
  PRIMARY KEY (snapshot, form)
);
CREATE TABLE IF NOT EXISTS origin (digest TEXT NOT NULL, repository TEXT NOT NULL,
  PRIMARY KEY (digest, repository));
CREATE TABLE IF NOT EXISTS copied (snapshot TEXT PRIMARY KEY, source TEXT NOT NULL);
"""

_NATIVE = ""
"""Stands for the form that a layer came in."""
_AGAIN = "again:"
"""Before the form that a layer of an image was converted to."""


class LayerRecord(Struct, frozen=True):
    """A layer as a manifest lists it, and the digest of its uncompressed tar."""

    descriptor: Descriptor
    diff_id: Digest


class LayerForm(Struct, frozen=True):
    """How the blobs of this build's own layers are made; those of images stay as they came,
    unless ``force`` wants them compressed alike.

    ``epoch`` (seconds) caps the times in them. With ``force``, layers of images that are
    compressed otherwise are compressed anew.
    """

    compression: str = "gzip"
    level: int | None = None
    epoch: int | None = None
    force: bool = False

    @property
    def key(self) -> str:
        """Equal forms make equal blobs of a snapshot."""
        level = "" if self.level is None else f":{self.level}"
        epoch = "" if self.epoch is None else f"@{self.epoch}"
        return f"{self.compression}{level}{epoch}"


GZIP = LayerForm()


def is_compressed(descriptor: Descriptor, form: LayerForm) -> bool:
    """Whether a layer has the compression of ``form`` already, by its media type."""
    found = mediatypes.compression_of(descriptor.media_type) or "uncompressed"
    return found == form.compression


def chain_id(diff_ids: Sequence[Digest]) -> str:
    """The name of a chain; empty for no layers."""
    name = ""
    for diff_id in diff_ids:
        name = str(Digest.of(f"{name} {diff_id}".encode())) if name else str(diff_id)
    return name


class _Compared(Struct, frozen=True):
    """A comparison, as layers are made of."""

    walk: ChangeWalk

    def changes(self, id: str) -> Iterator[Change]:
        return iter(self.walk)


class Chains:
    """Safe for threads and for several processes on one root."""

    def __init__(self, database: Path, snapshots: Snapshotter, store: ContentStore) -> None:
        self._snapshots = snapshots
        self._store = store
        self._lock = threading.Lock()
        self._db = sqlite3.connect(
            database, timeout=60, isolation_level=None, check_same_thread=False
        )
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def find(self, diff_ids: Sequence[Digest]) -> str | None:
        """The snapshot of that chain, where it is still there."""
        snapshot = self._get("SELECT snapshot FROM chain WHERE id=?", chain_id(diff_ids))
        return snapshot if snapshot is not None and self._snapshots.exists(snapshot) else None

    def longest(self, diff_ids: Sequence[Digest]) -> tuple[str | None, int]:
        """The snapshot of the longest beginning of the chain that is there, and its length."""
        for length in range(len(diff_ids), 0, -1):
            snapshot = self.find(diff_ids[:length])
            if snapshot is not None:
                return snapshot, length
        return None, 0

    def apply(
        self,
        parent: str | None,
        record: LayerRecord,
        cancelled: Callable[[], bool] = never,
        form: str = _NATIVE,
    ) -> str:
        """A snapshot that is ``parent`` with the layer on top; blocks until ``cancelled``.

        The layer's blob must be in the store unless such a snapshot exists. Raises
        SnapshotError and ContentError.
        """
        below = [layer.diff_id for layer in self.layers(parent)]
        known = self.find([*below, record.diff_id])
        if known is not None:
            return known
        with self._snapshots.prepare(parent) as active:
            apply_blob(self._store, record.descriptor, record.diff_id, active, cancelled)
            snapshot = active.commit()
        self._record(snapshot, form, record)
        name = chain_id([*below, record.diff_id])
        self._put("INSERT OR REPLACE INTO chain VALUES (?, ?)", name, snapshot)
        return snapshot

    def copy(self, parent: str | None, source: str, cancelled: Callable[[], bool] = never) -> str:
        """A snapshot that is ``parent`` with the topmost layer of ``source`` on top; blocks.

        Where this build made that layer, an output that wants it in another form still gets it.
        """
        record = self.layer(source, cancelled=cancelled)
        if self._recorded(source, _NATIVE) is not None:
            return self.apply(parent, record, cancelled)
        snapshot = self.apply(parent, record, cancelled, GZIP.key)
        self._put("INSERT OR IGNORE INTO copied VALUES (?, ?)", snapshot, source)
        return snapshot

    def layers(self, snapshot: str | None, form: LayerForm = GZIP) -> list[LayerRecord]:
        """The layers of a snapshot, bottom first; blobs are made where they are missing.

        A layer that came from an image keeps the blob it came with. Blocks, may be long.
        """
        return [self.layer(id, form) for id in self._ancestry(snapshot)]

    def layer(
        self,
        snapshot: str,
        form: LayerForm = GZIP,
        cancelled: Callable[[], bool] = never,
    ) -> LayerRecord:
        """The topmost layer of ``snapshot``; blocks until ``cancelled``."""
        for kind in (_NATIVE, form.key):
            record = self._recorded(snapshot, kind)
            if record is None:
                continue
            if kind == _NATIVE and form.force and not is_compressed(record.descriptor, form):
                record = self._recorded(snapshot, _AGAIN + form.key)
                if record is None or not self._has(record):
                    return self._compress_again(snapshot, form, cancelled)
                return record
            if kind == _NATIVE or self._has(record):
                return record
        source = self._get("SELECT source FROM copied WHERE snapshot=?", snapshot)
        if source is not None and self._snapshots.exists(source):
            record = self.layer(source, form, cancelled)
        else:
            made = create_layer_blob(
                self._snapshots,
                snapshot,
                self._store,
                form.compression,
                form.level,
                form.epoch,
                cancelled,
            )
            record = LayerRecord(made.descriptor, made.diff_id)
        self._record(snapshot, form.key, record)
        return record

    def _compress_again(
        self, snapshot: str, form: LayerForm, cancelled: Callable[[], bool]
    ) -> LayerRecord:
        """The layer of an image with the same tar in another compression."""
        native = self._recorded(snapshot, _NATIVE)
        assert native is not None
        made = convert_layer_blob(
            self._store, native.descriptor, native.diff_id, form.compression, form.level, cancelled
        )
        record = LayerRecord(made.descriptor, made.diff_id)
        self._record(snapshot, _AGAIN + form.key, record)
        return record

    def diff_id(self, snapshot: str) -> Digest | None:
        """The diff ID of the topmost layer, where it is known already."""
        text = self._get("SELECT diff_id FROM layer WHERE snapshot=? LIMIT 1", snapshot)
        return None if text is None else Digest(text)

    def blobs(self, snapshot: str) -> set[Digest]:
        """The blobs of the topmost layer, in all forms that were made of it."""
        with self._lock:
            rows = self._db.execute(
                "SELECT descriptor FROM layer WHERE snapshot=?", (snapshot,)
            ).fetchall()
        return {Descriptor.from_json(json.loads(text)).digest for (text,) in rows}

    def snapshots(self) -> list[str]:
        """Those of all chains; some may be gone."""
        with self._lock:
            return [id for (id,) in self._db.execute("SELECT snapshot FROM chain")]

    def forget(self, snapshot: str) -> None:
        """Drop what is known of a snapshot that was removed."""
        self._put("DELETE FROM layer WHERE snapshot=?", snapshot)
        self._put("DELETE FROM chain WHERE snapshot=?", snapshot)
        self._put("DELETE FROM copied WHERE ? IN (snapshot, source)", snapshot)

    def difference(
        self, lower: str | None, upper: str | None, cancelled: Callable[[], bool] = never
    ) -> LayerRecord:
        """One layer that makes ``upper`` of ``lower``, wherever these come from; blocks."""
        with self._snapshots.view(lower) as below, self._snapshots.view(upper) as above:
            compared = _Compared(ChangeWalk(above, below, overlay=False))
            made = create_layer_blob(compared, "", self._store, cancelled=cancelled)
        return LayerRecord(made.descriptor, made.diff_id)

    def ancestry(self, snapshot: str | None) -> list[str]:
        """The snapshots that make up ``snapshot``, bottom first, itself last."""
        return list(self._ancestry(snapshot))

    def _ancestry(self, snapshot: str | None) -> Iterator[str]:
        chain: list[str] = []
        while snapshot is not None:
            chain.append(snapshot)
            snapshot = self._snapshots.parent(snapshot)
        return reversed(chain)

    def record_origin(self, digest: Digest, repository: str) -> None:
        """Remember a repository (``domain/path``) that has the blob, for cross mounts."""
        self._put("INSERT OR IGNORE INTO origin VALUES (?, ?)", str(digest), repository)

    def origins(self, digest: Digest) -> tuple[str, ...]:
        with self._lock:
            rows = self._db.execute(
                "SELECT repository FROM origin WHERE digest=? ORDER BY repository", (str(digest),)
            ).fetchall()
        return tuple(row[0] for row in rows)

    def _has(self, record: LayerRecord) -> bool:
        return self._store.has(record.descriptor.digest)

    def _record(self, snapshot: str, form: str, record: LayerRecord) -> None:
        self._put(
            "INSERT OR REPLACE INTO layer VALUES (?, ?, ?, ?)",
            snapshot,
            form,
            str(record.diff_id),
            json.dumps(record.descriptor.to_json()),
        )

    def _recorded(self, snapshot: str, form: str) -> LayerRecord | None:
        with self._lock:
            row = self._db.execute(
                "SELECT descriptor, diff_id FROM layer WHERE snapshot=? AND form=?",
                (snapshot, form),
            ).fetchone()
        if row is None:
            return None
        return LayerRecord(Descriptor.from_json(json.loads(row[0])), Digest(row[1]))

    def _get(self, query: str, *values: str) -> str | None:
        with self._lock:
            row = self._db.execute(query, values).fetchone()
        return None if row is None else str(row[0])

    def _put(self, query: str, *values: str) -> None:
        with self._lock:
            self._db.execute(query, values)
