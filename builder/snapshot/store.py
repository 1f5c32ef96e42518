"""What both drivers share: the directory, the table, and who owns what is being written.

::

    ROOT/snapshots.db
    ROOT/snapshots/<id>/fs        a committed tree (overlay: its upper directory)
    ROOT/active/<token>-<n>/      being written or lent by the process that holds ...
    ROOT/live/<token>             ... this lock; leftovers of dead ones are swept at open
"""

from __future__ import annotations

import itertools
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from builder.snapshot.database import Database
from builder.snapshot.liveness import Hold, Presence, absent
from builder.snapshot.mounts import sync_file_system, unmount_if_mounted
from builder.snapshot.placement import spread
from builder.snapshot.tree import refused, remove_tree
from builder.snapshot.types import Change, SnapshotError


class ActiveSnapshot:
    """A writable snapshot (see ``types.Active``)."""

    def __init__(
        self, store: StoredSnapshotter, directory: Path, parent: int | None, hold: Hold | None
    ) -> None:
        self._store = store
        self._directory = directory
        self._parent = parent
        self._hold = hold
        self._open = True
        try:
            self._path = store._open_active(directory, parent)
        except OSError as error:
            raise refused("prepare a snapshot in", str(directory), error) from error

    @property
    def path(self) -> Path:
        """The merged tree; writes go here."""
        return self._path

    def commit(self) -> str:
        """Freeze it; returns the new id. Raises SnapshotError, and discards it then."""
        if not self._open:
            raise SnapshotError(f"snapshot {self._directory.name} is committed or discarded")
        try:
            self._store._close_active(self._directory)
            number = self._store._adopt(self._directory, self._parent)
        except BaseException:
            self.discard()
            raise
        self._end()
        return str(number)

    def discard(self) -> None:
        """Unmount and remove; does nothing after commit."""
        if self._open:
            try:
                self._store._throw_away(self._directory)
            finally:
                self._end()

    def _end(self) -> None:
        self._open = False
        if self._hold is not None:
            self._hold.release()

    def __enter__(self) -> ActiveSnapshot:
        return self

    def __exit__(self, *exc: object) -> None:
        self.discard()


class StoredSnapshotter(ABC):
    """Snapshots below ``root``. Methods block; they may be called from any thread."""

    name: str

    def __init__(self, root: Path) -> None:
        self.root = root
        self._trees = root / "snapshots"
        self._actives = root / "active"
        self._live = root / "live"
        try:
            for path in (self._trees, self._actives, self._live):
                path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SnapshotError(
                f"cannot keep snapshots in {root}: {error.strerror}",
                hint="choose a state directory that this user may write to with --root",
            ) from error
        spread(self._actives)
        self._database = Database(root / "snapshots.db")
        self._numbers = itertools.count()
        try:
            self._presence = Presence(self._live)
        except OSError as error:
            self._database.close()
            raise refused("lock", str(self._live), error) from error
        try:
            self._sweep()
        except BaseException:
            self.close()
            raise

    def sync(self) -> None:
        """Make what was committed outlive a crash of the machine, and a restart.

        Takes as long as the disk needs for what the kernel has not written yet: call it
        when nobody waits any more. Without it, snapshots last until the machine restarts.
        """
        newest = self._database.unsynced()
        if newest:
            sync_file_system(self.root)
            self._database.mark_synced(newest)

    def close(self) -> None:
        """End; what is still active is discarded."""
        try:
            for path in self._actives.glob(f"{self._presence.token}-*"):
                self._throw_away(path)
        finally:
            self._database.close()
            self._presence.end()

    def __enter__(self) -> StoredSnapshotter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def exists(self, id: str) -> bool:
        return id.isdecimal() and self._database.exists(int(id))

    def parent(self, id: str) -> str | None:
        """The snapshot that ``id`` lies on. Raises SnapshotError for an unknown id."""
        chain = self._chain(id)
        return str(chain[1]) if len(chain) > 1 else None

    def created(self, id: str) -> int:
        """When ``id`` was committed, ns since the epoch. Raises SnapshotError if unknown."""
        found = self._database.created(int(id)) if id.isdecimal() else None
        if found is None:
            raise SnapshotError(f"there is no snapshot {id}")
        return found

    def prepare(self, parent: str | None) -> ActiveSnapshot:
        """A new writable snapshot on ``parent``. Raises SnapshotError."""
        hold = self._hold(parent) if parent is not None else None
        try:
            directory = self._new_directory()
            try:
                return ActiveSnapshot(
                    self, directory, int(parent) if parent is not None else None, hold
                )
            except BaseException:
                self._throw_away(directory)
                raise
        except BaseException:
            if hold is not None:
                hold.release()
            raise

    @contextmanager
    def view(self, id: str | None) -> Iterator[Path]:
        """Lend the merged tree of ``id``; it must not be written."""
        hold = self._hold(id) if id is not None else None
        try:
            directory = self._new_directory()
            try:
                try:
                    path = self._open_view(directory, int(id) if id is not None else None)
                except OSError as error:
                    raise refused("show a snapshot in", str(directory), error) from error
                yield path
            finally:
                self._throw_away(directory)
        finally:
            if hold is not None:
                hold.release()

    @abstractmethod
    def changes(self, id: str) -> Iterator[Change]:
        """See ``types.Snapshotter.changes``."""

    def remove(self, id: str, keep: Path | None = None) -> None:
        """Remove a snapshot. Raises SnapshotError where others lie on it, or it is in use.

        ``keep``: what belongs to it alone is moved there, on the same file system.
        """
        number = self._chain(id)[0]
        doomed = self._actives / f"{self._presence.token}-{next(self._numbers)}"
        with absent(self._trees / id) as free:
            if not free:
                raise SnapshotError(f"snapshot {id} is in use")
            with self._database.transaction():
                if self._database.has_children(number):
                    raise SnapshotError(f"snapshot {id} has others on top of it")
                self._database.delete(number)
                (self._trees / id).rename(doomed)
        if keep is not None:
            (doomed / "fs").rename(keep)
        remove_tree(doomed)

    def ids(self) -> list[str]:
        """All snapshots, oldest first."""
        return [str(number) for number in sorted(self._database.ids())]

    def directory(self, id: str) -> Path:
        """Where what belongs to ``id`` alone is on disk."""
        return self._trees / id

    # What a driver does.

    @abstractmethod
    def _open_active(self, directory: Path, parent: int | None) -> Path:
        """Set up ``directory`` (empty) for writing; ``directory/fs`` is what commit keeps."""

    @abstractmethod
    def _close_active(self, directory: Path) -> None:
        """Unmount; ``directory/fs`` will not be written any more."""

    @abstractmethod
    def _open_view(self, directory: Path, id: int | None) -> Path:
        """The merged tree of ``id``, mounted in ``directory`` if need be."""

    # What drivers and active snapshots use.

    def _tree(self, id: int) -> Path:
        return self._trees / str(id) / "fs"

    def _chain(self, id: str) -> list[int]:
        chain = self._database.chain(int(id)) if id.isdecimal() else []
        if not chain:
            raise SnapshotError(f"there is no snapshot {id}")
        return chain

    def _hold(self, id: str) -> Hold:
        self._chain(id)
        try:
            hold = Hold(self._trees / id)
        except FileNotFoundError as error:
            raise SnapshotError(f"the tree of snapshot {id} is gone") from error
        if not self.exists(id):  # removed while we waited for the lock
            hold.release()
            raise SnapshotError(f"there is no snapshot {id}")
        return hold

    def _new_directory(self) -> Path:
        path = self._actives / f"{self._presence.token}-{next(self._numbers)}"
        try:
            path.mkdir(mode=0o700)
        except OSError as error:
            raise refused("create", str(path), error) from error
        return path

    def _adopt(self, directory: Path, parent: int | None) -> int:
        with self._database.transaction():
            number = self._database.insert(parent)
            target = self._trees / str(number)
            # Under the write lock, a tree without a row is what a crash left behind.
            remove_tree(target)
            try:
                directory.rename(target)
            except OSError as error:
                raise SnapshotError(f"cannot keep snapshot {number}: {error.strerror}") from error
        return number

    def _throw_away(self, directory: Path) -> None:
        unmount_if_mounted(directory / "merged")
        remove_tree(directory)

    def _sweep(self) -> None:
        """Remove what dead processes left, and what a crash of the machine made doubtful."""
        crashed = self._database.drop_unsynced()
        for name in os.listdir(self._live):
            with absent(self._live / name) as dead:
                if not dead:
                    continue
                crashed = True
                for path in self._actives.glob(f"{name}-*"):
                    self._throw_away(path)
                (self._live / name).unlink(missing_ok=True)
        if crashed:
            self._sweep_trees()

    def _sweep_trees(self) -> None:
        with self._database.transaction():
            known = {str(number) for number in self._database.ids()}
            orphans = []
            for path in self._trees.iterdir():
                if path.name not in known:
                    doomed = self._actives / f"{self._presence.token}-{next(self._numbers)}"
                    with suppress(FileNotFoundError):
                        path.rename(doomed)
                        orphans.append(doomed)
        for path in orphans:
            remove_tree(path)
