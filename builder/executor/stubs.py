"""Mount points: made before a step where the image has none, and taken away after it.

What a runtime would create for a bind over ``/etc/hosts`` stays in the layer otherwise.
We make the stubs ourselves, so that we know which they are and what the parent's times
were; ``/dev``, ``/proc`` and ``/sys`` are left to the runtime and stay, as BuildKit has it.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct, field

from builder.executor.types import ExecutorError
from builder.snapshot.paths import root_path


class MountStubs(Struct):
    """The stubs of one step. ``points`` maps each destination to its host path."""

    root: Path
    recursive: bool = True
    points: dict[str, Path] = field(default_factory=dict)
    _created: list[tuple[Path, int]] = field(default_factory=list)

    def make(self, mounts: Iterable[tuple[str, bool]]) -> None:
        """Make what is missing of each ``(destination, is_directory)``.

        Raises ExecutorError where the image has something else at the place.
        """
        for dest, directory in mounts:
            target = Path(root_path(str(self.root), dest))
            self.points[dest] = target
            if target == self.root:
                continue
            self._parents(target, dest)
            self._leaf(target, directory, dest)

    def open_mode(self, dest: str) -> int:
        """The mode of a tmpfs over ``dest``: that of the image's directory, as runc has it;
        where there was none, everybody may write.

        runc before 1.2 asks the mount point and not the options, so the stub gets it too.
        """
        point = self.points[dest]
        if not any(point == path for path, _ in self._created):
            below = point.relative_to(self.root).parts[:1]
            return 0o1777 if below == ("dev",) else stat.S_IMODE(point.stat().st_mode)
        point.chmod(0o1777)
        return 0o1777

    def remove(self) -> None:
        """Remove what was made and is still empty, the newest first; times are put back.

        A file of another time is the step's own work, a directory with something in it too.
        """
        for path, made in reversed(self._created):
            with contextlib.suppress(OSError):
                info = path.lstat()
                directory = stat.S_ISDIR(info.st_mode)
                if not directory and (info.st_size or info.st_mtime_ns != made):
                    continue
                with _times_kept(path.parent):
                    path.rmdir() if directory else path.unlink()
        self._created.clear()

    def _parents(self, target: Path, dest: str) -> None:
        missing = []
        parent = target.parent
        while parent != self.root and not os.path.lexists(parent):
            missing.append(parent)
            parent = parent.parent
        if not parent.is_dir():
            raise ExecutorError(
                f"mount point {dest}: {_name(self.root, parent)} is not a directory"
            )
        for directory in reversed(missing):
            self._make(directory, directory=True, keep=not self.recursive)

    def _leaf(self, target: Path, directory: bool, dest: str) -> None:
        if not os.path.lexists(target):
            self._make(target, directory=directory)
        elif target.is_dir() != directory:
            wanted = "a directory" if directory else "a file"
            raise ExecutorError(f"mount point {dest} is not {wanted} in the image")

    def _make(self, path: Path, *, directory: bool, keep: bool = False) -> None:
        with _times_kept(path.parent):
            if directory:
                path.mkdir(0o755)
                path.chmod(0o755)
            else:
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644))
                path.chmod(0o644)
        if not keep:
            self._created.append((path, path.lstat().st_mtime_ns))


def inside(root: Path, host_path: Path) -> str:
    """The absolute path that a process in ``root`` uses for ``host_path``."""
    return "/" + host_path.relative_to(root).as_posix() if host_path != root else "/"


def make_directories(root: Path, path: str, uid: int, gid: int) -> None:
    """The working directory: missing parts made 0755 and owned by the step's user.

    Raises ExecutorError where a part of it is not a directory.
    """
    target = Path(root_path(str(root), path))
    missing = []
    while target != root and not os.path.lexists(target):
        missing.append(target)
        target = target.parent
    if not target.is_dir():
        raise ExecutorError(f"working directory {path}: {_name(root, target)} is not a directory")
    for directory in reversed(missing):
        directory.mkdir(0o755)
        directory.chmod(0o755)
        if (uid, gid) != (os.geteuid(), os.getegid()):
            os.chown(directory, uid, gid)


@contextlib.contextmanager
def _times_kept(directory: Path) -> Iterator[None]:
    before = directory.stat()
    yield
    os.utime(directory, ns=(before.st_atime_ns, before.st_mtime_ns))


def _name(root: Path, path: Path) -> str:
    return "/" + path.relative_to(root).as_posix()
