"""Snapshots: file systems built up layer by layer, and how they are reached.

A *snapshot* is an immutable tree with a parent; an *active* one is being written. Whatever
the driver (overlay, copy), code above sees directories: ``Active.path`` and the path that
``Snapshotter.view`` lends are complete, merged trees.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from enum import Enum
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from builder.errors import BuilderError


class SnapshotError(BuilderError):
    """A layer or file system that refuses; the message names the entry or path."""


class ChangeKind(Enum):
    """What happened to a path."""

    ADD = "add"
    MODIFY = "modify"
    DELETE = "delete"


class Change(Struct, frozen=True):
    """One path (relative, no leading ``/``) that differs from the parent.

    ``source`` is where the new inode can be read; None for DELETE.
    """

    kind: ChangeKind
    path: str
    source: str | None


class Active(Protocol):
    """A writable snapshot. Used as a context manager: leaving without commit discards it."""

    @property
    def path(self) -> Path:
        """The merged tree, mounted where the driver mounts; writes go here."""

    def commit(self) -> str:
        """Freeze it; returns the new snapshot's id. Unmounts."""
        ...

    def discard(self) -> None:
        """Unmount and remove; does nothing after commit."""
        ...

    def __enter__(self) -> Active: ...
    def __exit__(self, *exc: object) -> None: ...


class Snapshotter(Protocol):
    """Keeps snapshots below one directory. Methods block: call them in threads."""

    @property
    def name(self) -> str:
        """``overlay`` or ``copy``."""

    def exists(self, id: str) -> bool: ...
    def parent(self, id: str) -> str | None: ...
    def created(self, id: str) -> int:
        """When it was committed, in nanoseconds since the epoch."""

    def ids(self) -> list[str]:
        """All snapshots, oldest first."""
        ...

    def directory(self, id: str) -> Path:
        """Where what belongs to ``id`` alone is on disk, to be measured."""
        ...

    def prepare(self, parent: str | None) -> Active:
        """A new writable snapshot on top of ``parent`` (None: empty root)."""
        ...

    def view(self, id: str | None) -> AbstractContextManager[Path]:
        """The merged tree of ``id``, read-only by contract (None: an empty directory)."""
        ...

    def changes(self, id: str) -> Iterator[Change]:
        """What ``id`` changed against its parent, in the order of a layer tar:
        parents before children, names in byte order, a deleted path where it stood."""
        ...

    def remove(self, id: str, keep: Path | None = None) -> None:
        """Raises SnapshotError where others lie on it, or it is in use. ``keep``: what belongs
        to it alone is moved there, on the same file system."""
