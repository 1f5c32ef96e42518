"""Mounts, through libc: no mount program, and errors that say what is missing.

Everything here blocks for a system call only, and works from any thread.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import threading
import time
from pathlib import Path

from builder.snapshot.types import SnapshotError

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 0x2
_BUSY_SECONDS = 5.0
_BUSY_PAUSE = 0.005
_CLONE_FS = 0x200
_CLONE_NEWNS = 0x20000
_CLONE_NEWCGROUP = 0x2000000
_CLONE_NEWUSER = 0x10000000

_PERMISSION = (
    "mounting needs root (CAP_SYS_ADMIN), or a user and mount namespace of one's own "
    "(unprivileged user namespaces may be switched off on this host)"
)


@functools.cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    text, number = ctypes.c_char_p, ctypes.c_ulong
    libc.mount.argtypes = (text, text, text, number, text)
    libc.umount2.argtypes = (text, ctypes.c_int)
    libc.unshare.argtypes = (ctypes.c_int,)
    libc.syncfs.argtypes = (ctypes.c_int,)
    return libc


class MountError(SnapshotError):
    """The kernel refused to mount, unmount or unshare; ``errno`` is its number."""

    def __init__(self, doing: str, number: int) -> None:
        hint = ""
        if number in (errno.EPERM, errno.EACCES):
            hint = _PERMISSION
        elif number == errno.ENODEV:
            hint = "the kernel does not know this file system; load its module"
        elif number == errno.EINVAL:
            hint = "the kernel log (dmesg) may name the option or the file system it refuses"
        super().__init__(f"cannot {doing}: {os.strerror(number)}", hint=hint)
        self.errno = number


def _check(result: int, doing: str) -> None:
    if result != 0:
        raise MountError(doing, ctypes.get_errno())


def mount(source: str, target: Path, kind: str, flags: int = 0, options: str = "") -> None:
    """mount(2). Raises MountError."""
    _check(
        _libc().mount(
            os.fsencode(source),
            os.fsencode(target),
            kind.encode() or None,
            flags,
            os.fsencode(options) or None,
        ),
        f"mount {kind or source} at {target}",
    )


def bind(source: Path, target: Path, *, readonly: bool = False, recursive: bool = True) -> None:
    """Show ``source`` (a file or a directory) at ``target`` too. Raises MountError."""
    _check(
        _libc().mount(
            os.fsencode(source),
            os.fsencode(target),
            None,
            MS_BIND | (MS_REC if recursive else 0),
            None,
        ),
        f"bind {source} to {target}",
    )
    if readonly:
        try:
            mount("", target, "", MS_REMOUNT | MS_BIND | MS_RDONLY | _locked_flags(target))
        except MountError:
            unmount(target)
            raise


def _locked_flags(target: Path) -> int:
    """Flags that a user namespace may not drop when it remounts what it inherited."""
    found = os.statvfs(target).f_flag
    pairs = ((os.ST_NOSUID, MS_NOSUID), (os.ST_NODEV, MS_NODEV), (os.ST_NOEXEC, MS_NOEXEC))
    return sum(flag for bit, flag in pairs if found & bit)


def unmount(target: Path, *, detach: bool = True) -> None:
    """umount2(2); ``detach`` takes it out of sight even while something uses it.

    Without, it is tried again for a while where it is in use: a program that another thread
    starts has our open files until it runs, closed by us or not.
    """
    deadline = time.monotonic() + _BUSY_SECONDS
    flags = MNT_DETACH if detach else 0
    while True:
        try:
            _check(_libc().umount2(os.fsencode(target), flags), f"unmount {target}")
        except MountError as error:
            if detach or error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise
            time.sleep(_BUSY_PAUSE)
        else:
            return


def unmount_if_mounted(target: Path) -> None:
    """``unmount`` whatever is mounted on ``target``, if anything."""
    try:
        unmount(target)
    except MountError as error:
        if error.errno not in (errno.EINVAL, errno.ENOENT, errno.EPERM):
            raise


def mount_from(directory: Path, target: str, kind: str, flags: int, options: str) -> None:
    """mount(2) with ``target`` and the paths in ``options`` relative to ``directory``.

    The kernel takes one page of options, which absolute paths of many overlay layers
    overrun. A thread of its own gets its own working directory, so nobody else's moves.
    Raises MountError.
    """
    failed: list[BaseException] = []

    def run() -> None:
        try:
            _check(_libc().unshare(_CLONE_FS), "unshare the working directory")
            os.chdir(directory)
            mount(kind, Path(target), kind, flags, options)
        except (OSError, SnapshotError) as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="mount")
    thread.start()
    thread.join()
    if not failed:
        return
    if isinstance(failed[0], SnapshotError):
        raise failed[0]
    raise SnapshotError(f"cannot mount in {directory}: {failed[0]}") from failed[0]


def enter_private_mount_namespace() -> None:
    """Give this process mounts of its own, which the kernel drops when it ends, however.

    Call it before threads are started: only the calling thread and those it starts later
    move. Raises SnapshotError where threads exist already, MountError without permission.
    """
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        raise SnapshotError("the mount namespace must be entered before threads are started")
    _check(_libc().unshare(_CLONE_NEWNS), "enter a private mount namespace")
    try:
        _check(
            _libc().mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None),
            "make the mounts of this process private",
        )
    except MountError as error:
        if error.errno == errno.EINVAL:
            error.hint = (
                "the root directory is no mount point, as in a chroot: bind it to itself "
                "and enter it with pivot_root, or build outside"
            )
        raise


def unshare_user() -> None:
    """A new user namespace for this process, without any ids as yet. Raises MountError."""
    _check(_libc().unshare(_CLONE_NEWUSER), "enter a user namespace")


def unshare_cgroup() -> None:
    """A new cgroup namespace, whose root is the cgroup we are in. Raises MountError."""
    _check(_libc().unshare(_CLONE_NEWCGROUP), "enter a cgroup namespace")


def in_user_namespace() -> bool:
    """Whether this process's user namespace is not the first one of the machine."""
    try:
        text = Path("/proc/self/uid_map").read_text(encoding="utf-8")
    except OSError:
        return False
    return text.split() != ["0", "0", "4294967295"]


def sync_file_system(path: Path) -> None:
    """syncfs(2): all that was written to the file system of ``path`` is on disk after it."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _check(_libc().syncfs(fd), f"sync {path}")
    finally:
        os.close(fd)
