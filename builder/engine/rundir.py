"""A directory for what lives as long as a build does: secrets, uploads, checkouts.

::

    RUN/<token>         held by a process that lives ...
    RUN/<token>.d/      ... whose directory this is; the next process removes those of dead ones
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.snapshot.liveness import Presence, absent
from builder.snapshot.mounts import unmount_if_mounted
from builder.snapshot.tree import remove_tree

_SUFFIX = ".d"


@contextmanager
def own_directory(parent: Path) -> Iterator[Path]:
    """A directory of this process below ``parent``, which must be there.

    Raises OSError, and SnapshotError for what a dead process left and cannot be removed.
    """
    presence = Presence(parent)
    path = parent / (presence.token + _SUFFIX)
    try:
        _sweep(parent)
        path.mkdir(mode=0o700)
        yield path
    finally:
        _remove(path)
        presence.end()


def _sweep(parent: Path) -> None:
    for path in list(parent.iterdir()):
        if path.suffix == _SUFFIX:
            continue
        with absent(path) as dead:
            if dead:
                _remove(path.with_suffix(_SUFFIX))
                path.unlink(missing_ok=True)


def _remove(path: Path) -> None:
    for below in path.iterdir() if path.is_dir() else ():
        unmount_if_mounted(below)
    remove_tree(path)
