"""The result of every op here: a tree in the snapshotter."""

from __future__ import annotations

from msgspec import Struct

from builder.snapshot.types import Snapshotter

SCRATCH = "scratch"


class Received(Struct, frozen=True, eq=False):
    """That a tree came from a client. ``digests``: content hashes of its files that were
    computed before, by path with a leading slash; it takes those that are computed now."""

    digests: dict[str, str]


class Tree(Struct, frozen=True):
    """A snapshot by id; ``scratch`` is the empty root.

    ``received`` from a client: its root directory has no owner, mode or time of its own.
    """

    id: str
    received: Received | None = None

    @property
    def snapshot(self) -> str | None:
        """The id as the snapshotter wants it."""
        return None if self.id == SCRATCH else self.id

    @classmethod
    def of(cls, snapshot: str | None) -> Tree:
        return cls(SCRATCH if snapshot is None else snapshot)


class TreeStore:
    """Finds trees of earlier builds again (the solver's ResultStore)."""

    def __init__(self, snapshots: Snapshotter) -> None:
        self._snapshots = snapshots

    async def load(self, id: str) -> Tree | None:
        return Tree(id) if id == SCRATCH or self._snapshots.exists(id) else None
