"""Whole directory trees: removed, and copied inode by inode.

No recursion: a RUN step may nest directories deeper than Python's stack.
"""
# Inner loops: os calls on strings, no Path per file.

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from builder.snapshot.bytecopy import copy_file
from builder.snapshot.types import SnapshotError

NO_SUCH_OWNER = (
    "this user namespace maps no such owner; have a range of ids lent in /etc/subuid and "
    "/etc/subgid"
)
"""What to do about EINVAL from chown(2) where ``ids_are_missing``."""
_ALL_IDS = (1 << 32) - 1
"""How many user ids a namespace maps that leaves none out."""


def remove_tree(path: str | Path) -> None:
    """Remove a directory and all below it, following no link; a missing one is fine.

    Directories that their owner may not write are opened up first. Raises SnapshotError.
    """
    folders = [os.fspath(path)]
    emptied: list[str] = []
    try:
        while folders:
            folder = folders.pop()
            emptied.append(folder)
            below = _unlink_files(folder)
            folders.extend(below)
        for folder in reversed(emptied):
            os.rmdir(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise SnapshotError(f"cannot remove {path}: {error}") from error


def _unlink_files(folder: str) -> list[str]:
    """Remove all but the directories in ``folder``; returns those."""
    below = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    below.append(entry.path)
                else:
                    os.unlink(entry.path)
    except PermissionError:
        if stat.S_IMODE(os.lstat(folder).st_mode) & 0o700 == 0o700:
            raise
        os.chmod(folder, 0o700)
        return _unlink_files(folder)
    if below and not os.access(folder, os.W_OK | os.X_OK):
        os.chmod(folder, 0o700)
    return below


def copy_tree(source: Path, target: Path) -> None:
    """Make ``target`` (an existing directory) equal to ``source``, itself included.

    Mode, owner, xattrs, times to the nanosecond, devices, fifos and hard links are kept;
    sockets are left out. Raises SnapshotError naming the path that could not be copied.
    """
    links: dict[tuple[int, int], str] = {}
    directories: list[tuple[str, str]] = [(os.fspath(source), os.fspath(target))]
    finished: list[tuple[str, str]] = []
    here = os.fspath(source)
    try:
        while directories:
            pair = directories.pop()
            finished.append(pair)
            with os.scandir(pair[0]) as entries:
                for entry in entries:
                    here = entry.path
                    made = os.path.join(pair[1], entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        os.mkdir(made, 0o700)
                        directories.append((here, made))
                    else:
                        _copy_inode(here, made, entry.stat(follow_symlinks=False), links)
        for here, made in reversed(finished):  # children before parents: times stay
            copy_metadata(here, made, os.lstat(here))
    except OSError as error:
        raise refused("copy", here, error) from error


def _copy_inode(
    source: str, target: str, found: os.stat_result, links: dict[tuple[int, int], str]
) -> None:
    mode = found.st_mode
    if stat.S_ISSOCK(mode):
        return
    if found.st_nlink > 1:
        key = (found.st_dev, found.st_ino)
        if key in links:
            os.link(links[key], target, follow_symlinks=False)
            return
        links[key] = target
    if stat.S_ISREG(mode):
        copy_file(source, target, found.st_size)
    elif stat.S_ISLNK(mode):
        os.symlink(os.readlink(source), target)
    else:
        os.mknod(target, stat.S_IFMT(mode) | 0o600, found.st_rdev)
    copy_metadata(source, target, found)


def copy_metadata(source: str, target: str, found: os.stat_result) -> None:
    """Owner, xattrs, mode and times of ``source`` (whose lstat is ``found``)."""
    made = os.lstat(target)
    if (made.st_uid, made.st_gid) != (found.st_uid, found.st_gid):
        os.chown(target, found.st_uid, found.st_gid, follow_symlinks=False)
    for name in list_xattrs(source):
        os.setxattr(
            target, name, os.getxattr(source, name, follow_symlinks=False), follow_symlinks=False
        )
    if not stat.S_ISLNK(found.st_mode):
        os.chmod(target, stat.S_IMODE(found.st_mode))
    os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns), follow_symlinks=False)


def list_xattrs(path: str) -> list[str]:
    """Names of extended attributes; none where the file system has none."""
    try:
        return os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.EPERM):
            return []
        raise


def refused(doing: str, path: str, error: OSError) -> SnapshotError:
    """``error`` as a SnapshotError; says what a plain user lacks, and where space ran out."""
    number = error.errno or 0
    hint = ""
    if number in (errno.EPERM, errno.EACCES) and os.geteuid() != 0:
        hint = (
            "owners, device nodes and file capabilities need root, or a user namespace "
            "with subordinate ids (/etc/subuid, /etc/subgid)"
        )
    elif number == errno.EPERM:
        hint = "this user namespace maps no such owner, or forbids device nodes"
    elif number == errno.EINVAL and ids_are_missing():
        hint = NO_SUCH_OWNER
    elif number in (errno.ENOSPC, errno.EDQUOT):
        hint = "free some space there, or choose another state directory with --root"
    text = os.strerror(number) if number else str(error)
    return SnapshotError(f"cannot {doing} {path}: {text}", hint=hint)


def ids_are_missing() -> bool:
    """Whether some user ids have no meaning in this user namespace (user_namespaces(7))."""
    text = Path("/proc/self/uid_map").read_text()
    return sum(int(line.split()[2]) for line in text.splitlines()) < _ALL_IDS
