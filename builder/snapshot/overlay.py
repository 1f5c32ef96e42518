"""Snapshots as overlay layers: each keeps only what it changed.

Directories are never redirected and never split from their metadata
(``redirect_dir=off,index=off,metacopy=off``), so an upper directory can be read alone.
``volatile`` keeps the kernel from syncing the whole file system at each unmount; the table
of snapshots knows instead which trees are on disk (``database``).
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from builder.snapshot.changes import ChangeWalk
from builder.snapshot.mounts import MS_RDONLY, in_user_namespace, mount, mount_from, unmount
from builder.snapshot.store import StoredSnapshotter
from builder.snapshot.types import Change, SnapshotError

_PAGE = 4096
_SPECIAL = re.compile(r"[,:\\]")
"""What mount options would have to quote."""
_OPTIONS = "redirect_dir=off,index=off,metacopy=off"
_USER_OPTIONS = "userxattr,redirect_dir=nofollow,index=off,metacopy=off"
"""In a user namespace; there ``off`` itself is a conflict, as it may mean to follow."""


class OverlayRefused(SnapshotError):
    """This kernel, user or file system has no overlay: another driver may do."""


class OverlaySnapshotter(StoredSnapshotter):
    """Needs permission to mount, and a file system that can be an upper directory.

    Raises OverlayRefused from the constructor where a real mount fails, and SnapshotError
    where no driver could do better.
    """

    name = "overlay"

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        try:
            self._options = self._find_options(_USER_OPTIONS if in_user_namespace() else _OPTIONS)
        except BaseException as error:
            self.close()
            if not isinstance(error, SnapshotError) or _is_full(error):
                raise
            raise OverlayRefused(str(error), hint=error.hint) from error

    def _find_options(self, base: str) -> str:
        """``base``, with ``volatile`` where this kernel has it (5.10), by really mounting."""
        try:
            self._try(base + ",volatile")
        except SnapshotError:
            self._try(base)
            return base
        return base + ",volatile"

    def _try(self, options: str) -> None:
        directory = self._new_directory()
        try:
            for name in ("lower", "fs", "work", "merged"):
                (directory / name).mkdir()
            (directory / "lower" / "seen").touch()
            mount_from(
                directory,
                "merged",
                "overlay",
                0,
                f"{options},lowerdir=lower,upperdir=fs,workdir=work",
            )
            # The mount alone proves little: some file systems refuse only the whiteout.
            (directory / "merged" / "seen").unlink()
            found = (directory / "fs" / "seen").lstat()
            if not stat.S_ISCHR(found.st_mode):
                raise SnapshotError("the overlay file system left no whiteout device")
        except OSError as error:
            raise SnapshotError(f"overlay does not work in {self.root}: {error}") from error
        finally:
            self._throw_away(directory)

    def changes(self, id: str) -> Iterator[Change]:
        chain = self._chain(id)
        with self.view(str(chain[1]) if len(chain) > 1 else None) as lower:
            yield from ChangeWalk(
                self._tree(chain[0]), lower if len(chain) > 1 else None, overlay=True
            )

    def _open_active(self, directory: Path, parent: int | None) -> Path:
        upper = directory / "fs"
        upper.mkdir(mode=0o755)
        upper.chmod(0o755)
        if parent is None:
            return upper  # nothing below: no mount needed
        # The upper directory's own metadata is what the merged root shows.
        found = self._tree(parent).lstat()
        os.chown(upper, found.st_uid, found.st_gid)
        upper.chmod(stat.S_IMODE(found.st_mode))
        os.utime(upper, ns=(found.st_atime_ns, found.st_mtime_ns))
        (directory / "work").mkdir(mode=0o700)
        self._mount(parent, directory, writable=True)
        return directory / "merged"

    def _close_active(self, directory: Path) -> None:
        # The empty directories stay: removing them costs more than keeping them.
        merged = directory / "merged"
        if merged.exists():
            unmount(merged, detach=False)

    def _open_view(self, directory: Path, id: int | None) -> Path:
        if id is None:
            path = directory / "fs"
            path.mkdir(mode=0o755)
            return path
        if self._database.parent(id) is None:
            return self._tree(id)
        self._mount(id, directory, writable=False)
        return directory / "merged"

    def _mount(self, top: int, directory: Path, *, writable: bool) -> None:
        """``top`` and all below it on ``directory/merged``."""
        merged = directory / "merged"
        merged.mkdir(mode=0o700)
        layers = [f"{layer}/fs" for layer in self._chain(str(top))]
        flags = 0 if writable else MS_RDONLY

        def options(below: str, beside: str) -> str:
            lower = ":".join(below + layer for layer in layers)
            if not writable:
                return f"{self._options.replace(',volatile', '')},lowerdir={lower}"
            return f"{self._options},lowerdir={lower},upperdir={beside}/fs,workdir={beside}/work"

        absolute = options(f"{self._trees}/", str(directory))
        if len(absolute) < _PAGE and not _SPECIAL.search(str(self.root)):
            mount("overlay", merged, "overlay", flags, absolute)
            return
        beside = f"../active/{directory.name}"
        relative = options("", beside)
        if len(relative) >= _PAGE:
            raise SnapshotError(
                f"{len(layers)} layers are more than one overlay mount can name",
                hint="use fewer instructions, or squash the base image",
            )
        mount_from(self._trees, f"{beside}/merged", "overlay", flags, relative)


def _is_full(error: BaseException) -> bool:
    numbers = {getattr(each, "errno", None) for each in (error, error.__cause__)}
    return bool(numbers & {errno.ENOSPC, errno.EDQUOT})
