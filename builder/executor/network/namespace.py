"""Network namespaces held by a file descriptor: gone when it is closed or we die."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from builder.executor.network.netlink import Netlink

BOUND = ".netns"
"""The suffix of files that namespaces are bound to."""

_CLONE_NEWNET = 0x40000000
_MS_BIND, _MNT_DETACH = 4096, 2


def create(configure: Callable[[int, Netlink, Netlink], None] | None = None) -> int:
    """A new namespace with its loopback up; the caller owns the returned descriptor.

    ``configure(namespace, outside, inside)`` may connect it. The work is done in a thread
    of its own, which ends: a thread that has left its namespace is good for nothing else.
    """
    made: list[int] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            with Netlink() as outside:
                unshare_network()
                made.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
                with Netlink() as inside:
                    inside.set_up(socket.if_nametoindex("lo"))
                    if configure is not None:
                        configure(made[0], outside, inside)
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            failed.append(error)

    thread = threading.Thread(target=work, name="network-namespace")
    thread.start()
    thread.join()
    if failed:
        for descriptor in made:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        raise failed[0]
    return made[0]


def path_of(descriptor: int) -> Path:
    """How another program opens the namespace while we hold ``descriptor``."""
    return Path(f"/proc/{os.getpid()}/fd/{descriptor}")


def bind(descriptor: int, place: Path) -> None:
    """Bind the namespace to a new file, for programs that may not see our descriptors."""
    place.touch(mode=0o600)
    _call("mount", str(path_of(descriptor)).encode(), bytes(place), None, _MS_BIND, None)


def unbind(place: Path) -> None:
    """Undo ``bind``; does nothing where that did not happen."""
    with contextlib.suppress(OSError):
        _call("umount2", bytes(place), _MNT_DETACH)
    place.unlink(missing_ok=True)


def unshare_network() -> None:
    """Move the calling thread into a new, empty network namespace. Raises OSError."""
    _call("unshare", _CLONE_NEWNET)


def _call(name: str, *arguments: bytes | int | None) -> None:
    """A function of libc that Python 3.11 does not offer. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
