"""Snapshots as whole copies: slow and large, but a plain directory is all it needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from builder.snapshot.changes import ChangeWalk
from builder.snapshot.store import StoredSnapshotter
from builder.snapshot.tree import copy_tree
from builder.snapshot.types import Change


class CopySnapshotter(StoredSnapshotter):
    """Works for any user on any file system that keeps what the layers hold."""

    name = "copy"

    def changes(self, id: str) -> Iterator[Change]:
        chain = self._chain(id)
        lower = self._tree(chain[1]) if len(chain) > 1 else None
        yield from ChangeWalk(self._tree(chain[0]), lower, overlay=False)

    def _open_active(self, directory: Path, parent: int | None) -> Path:
        path = directory / "fs"
        path.mkdir(mode=0o755)
        path.chmod(0o755)
        if parent is not None:
            copy_tree(self._tree(parent), path)
        return path

    def _close_active(self, directory: Path) -> None:
        pass

    def _open_view(self, directory: Path, id: int | None) -> Path:
        if id is not None:
            return self._tree(id)
        path = directory / "fs"
        path.mkdir(mode=0o755)
        return path
