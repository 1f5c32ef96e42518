"""Where on the disk new trees go.

ext4 gives no inode out again within minutes of its deletion, and looks at each of those anew
for every file that is created in their block group. A tree that follows one just removed in
the same group is made ten times as slowly. ext4 can be asked to put what is in a directory
into groups far apart, as it does with home directories.
"""

from __future__ import annotations

import fcntl
import os
import struct
from contextlib import suppress
from pathlib import Path

_LONG = struct.calcsize("l")
_GET_FLAGS = 2 << 30 | _LONG << 16 | ord("f") << 8 | 1
_SET_FLAGS = 1 << 30 | _LONG << 16 | ord("f") << 8 | 2
_TOP_DIRECTORY = 0x00020000
"""``FS_TOPDIR_FL``, which ``chattr +T`` sets (linux/fs.h)."""


def spread(directory: Path) -> None:
    """Ask for directories made in ``directory`` to lie far apart; a hint, never an error."""
    with suppress(OSError):
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            found = fcntl.ioctl(fd, _GET_FLAGS, bytes(_LONG))
            (flags,) = struct.unpack_from("i", found)
            if not flags & _TOP_DIRECTORY:
                wanted = struct.pack("i", flags | _TOP_DIRECTORY)
                fcntl.ioctl(fd, _SET_FLAGS, wanted.ljust(_LONG, b"\0"))
        finally:
            os.close(fd)
