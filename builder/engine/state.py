"""The state directory: everything that outlives a build.

::

    ROOT/version          schema of this layout; another one is refused, never migrated in place
    ROOT/content/         blobs, an OCI image layout
    ROOT/snapshots/       trees
    ROOT/caches/          cache mounts
    ROOT/contexts/        the last copies of large build contexts
    ROOT/git/             commits of remote repositories, a bare repository each
    ROOT/state.db         names of images, layers of snapshots, ETags of downloads
    ROOT/cache.db         cache keys
    ROOT/run/             what lives as long as a build does, a directory each (``rundir``)
    ROOT/lock             held by all who have it open
    ROOT/collected        its time is that of the last look for garbage
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from msgspec import Struct

from builder.cache.store import SQLiteCacheStore
from builder.content import ContentStore
from builder.content.names import ImageNames
from builder.engine.rundir import own_directory
from builder.errors import BuilderError
from builder.snapshot.chains import Chains
from builder.snapshot.drivers import open_snapshotter
from builder.snapshot.types import Snapshotter
from builder.sources.downloads import Downloads

SCHEMA = 1
_MINUTE = 60.0


class StateError(BuilderError):
    """A state directory that cannot be used."""


class State(Struct, frozen=True):
    """One open state directory; any number of processes may have it open."""

    root: Path
    content: ContentStore
    snapshots: Snapshotter
    names: ImageNames
    chains: Chains
    cache: SQLiteCacheStore
    downloads: Downloads

    run: Path
    """A directory of this process alone, gone with it."""

    lock: int
    """A descriptor that holds a shared lock on ``ROOT/lock`` as long as the state is open."""

    def collection_is_due(self) -> bool:
        """Whether nobody has looked for garbage within the last minute; the caller does now."""
        stamp = self.root / "collected"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < _MINUTE:
            return False
        stamp.touch()
        return True

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether no other process has the state open; none can open it within the body."""
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # The kernel gives up the old lock for a new one, also where that cannot be had.
            fcntl.flock(self.lock, fcntl.LOCK_SH)
            yield False
            return
        try:
            yield True
        finally:
            fcntl.flock(self.lock, fcntl.LOCK_SH)


@contextmanager
def open_state(root: Path, *, snapshotter: str = "auto") -> Iterator[State]:
    """Open (and create) the state below ``root``. Raises StateError and what stores raise."""
    root = root.absolute()  # runtimes read the paths of mounts from a directory of their own
    with ExitStack() as stack:
        lock = stack.enter_context(held(root))
        try:
            run = stack.enter_context(own_directory(root / "run"))
            content = ContentStore(root / "content")
            snapshots = open_snapshotter(root / "snapshots", snapshotter)
            stack.callback(snapshots.close)
            names = ImageNames(root / "state.db")
            stack.callback(names.close)
            chains = Chains(root / "state.db", snapshots, content)
            stack.callback(chains.close)
            cache = SQLiteCacheStore(root / "cache.db")
            stack.callback(cache.close)
            downloads = Downloads(root / "state.db")
            stack.callback(downloads.close)
        except (OSError, sqlite3.Error) as error:
            raise unusable(root, error) from error
        yield State(root, content, snapshots, names, chains, cache, downloads, run, lock)
        # The result is out and told: now what it can be reused from is made to last.
        snapshots.sync()


@contextmanager
def held(root: Path) -> Iterator[int]:
    """The lock that all hold who have the state below ``root`` open, shared; nothing is collected
    meanwhile. What is missing of the directory is created. Raises StateError."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        (root / "run").mkdir(mode=0o700, exist_ok=True)
        _check_version(root)
        lock = os.open(root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(
            f"cannot use the state directory {root}: {(error.strerror or str(error)).lower()}",
            hint="choose another with --root DIR or $REGDOCTOR_ROOT",
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield lock
    finally:
        os.close(lock)


def unusable(root: Path, error: OSError | sqlite3.Error) -> StateError:
    """What the system or the database said of the state below ``root``."""
    why = str(error)
    hint = "choose another with --root DIR, or remove it: everything can be rebuilt"
    if isinstance(error, OSError):
        why = (error.strerror or why).lower()
    if getattr(error, "errno", 0) in (errno.ENOSPC, errno.EDQUOT) or "is full" in why:
        hint = "free some space there, or choose another with --root DIR"
    return StateError(f"cannot use the state directory {root}: {why}", hint=hint)


def _check_version(root: Path) -> None:
    path = root / "version"
    try:
        found = path.read_text(errors="replace").strip()
    except FileNotFoundError:
        partial = root / f"version.{os.getpid()}"
        partial.write_text(f"{SCHEMA}\n")
        partial.rename(path)
        return
    if found != str(SCHEMA):
        raise StateError(
            f"the state directory {root} has schema {found!r}, this version needs {SCHEMA}",
            hint="choose another with --root DIR, or remove it: everything in it can be rebuilt",
        )
