"""The last copy of a large context, for the next build of the same directory.

::

    ROOT/contexts/<key>/fs        the copy
    ROOT/contexts/<key>/record    what each file was like when it was copied

A build *takes* the copy, which no other build finds then, brings it up to date, and *puts* it
back when it is over. A build that is killed leaves none, and none is ever half up to date.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field

from builder.oci.digest import Digest
from builder.snapshot.database import boot_id
from builder.snapshot.placement import spread
from builder.snapshot.tree import remove_tree

_RACY_NS = 2_000_000_000
"""A file that changed less than this before it was read could change once more within the same
tick of its file system's clock, unseen: it is read again next time. FAT's ticks are the longest."""
_FORMAT = 1


class Record(Struct):
    """What is known of a copy. ``identities``: of files in the directory that it was made of,
    by path; one that could have changed unseen has none. ``digests``: content hashes of files
    in the copy, by path with a leading slash.
    """

    identities: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)


def identity(found: os.stat_result) -> str:
    """Equal for two looks at a file only if neither its data nor its metadata was written
    in between: ctime cannot be set."""
    return (
        f"{found.st_dev}:{found.st_ino}:{found.st_ctime_ns}"
        f":{found.st_mtime_ns}:{found.st_size}:{found.st_mode}"
    )


def settled(found: os.stat_result, now: int) -> bool:
    """Whether a later change would show in ``identity``. ``now``: ns since the epoch, from
    before the file was read."""
    return found.st_ctime_ns < now - _RACY_NS


class KeptTrees:
    """The copies below ``root``. ``run``: a directory of this process on the same file system;
    what is in it is no context that anybody would build again."""

    def __init__(self, root: Path, run: Path) -> None:
        self._root = root
        self._run = run
        self._numbers = itertools.count()

    def slot(self, name: str, directory: Path) -> Slot | None:
        """The place of the copy of one directory; None where none is worth keeping."""
        real = directory.resolve()
        if real.is_relative_to(self._run.resolve()):
            return None
        key = Digest.of(f"{name}\0{real}".encode("utf-8", "surrogateescape")).hex
        return Slot(self._root / key, self._fresh)

    def _fresh(self) -> Path:
        return self._run / f"context-{next(self._numbers)}"


class Slot:
    """Where the copy of one directory is kept. Methods block."""

    def __init__(self, path: Path, fresh: Callable[[], Path]) -> None:
        self._path = path
        self._fresh = fresh

    def take(self, tree: Path) -> Record | None:
        """Move the copy to ``tree``, an empty directory. None where there is none.

        Raises OSError, SnapshotError.
        """
        taken = self._fresh()
        try:
            self._path.rename(taken)
        except FileNotFoundError:
            return None
        try:
            record = _read(taken / "record")
            if record is not None:
                (taken / "fs").rename(tree)
            return record
        finally:
            remove_tree(taken)

    def put(self, record: Record, move: Callable[[Path], None]) -> None:
        """Keep a copy that ``move`` moves to where it is told. One that another build has put
        there meanwhile stays. Raises OSError, and what ``move`` raises.
        """
        made = self._fresh()
        made.mkdir(mode=0o700)
        try:
            (made / "record").write_text(_written(record), encoding="ascii")
            move(made / "fs")
            if not self._path.parent.exists():
                self._path.parent.mkdir(mode=0o700, exist_ok=True)
                spread(self._path.parent)
            with suppress(OSError):
                made.rename(self._path)
        finally:
            remove_tree(made)


def _written(record: Record) -> str:
    digests = record.digests
    files = {
        path: [identity, digests.get(f"/{path}", "")]
        for path, identity in record.identities.items()
    }
    return json.dumps({"format": _FORMAT, "boot": boot_id(), "files": files})


def _read(path: Path) -> Record | None:
    """None for a record of another format, or from before a crash: nothing of the copy has
    been made to last."""
    try:
        found = json.loads(path.read_text(encoding="ascii"))
        if (found["format"], found["boot"]) != (_FORMAT, boot_id()):
            return None
        record = Record()
        for name, (seen, digest) in found["files"].items():
            record.identities[name] = seen
            if digest:
                record.digests[f"/{name}"] = digest
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return record
