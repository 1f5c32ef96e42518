"""Who runs this, by the number that the world outside of a user namespace knows."""

from __future__ import annotations

import os
from pathlib import Path


def invoking_uid(uid_map: Path = Path("/proc/self/uid_map")) -> int:
    """Our user id in the parent of our user namespace: sockets and logins are named after it.

    In the first namespace, and where the kernel has none, it is our own.
    """
    own = os.geteuid()
    try:
        lines = uid_map.read_text().splitlines()
    except OSError:
        return own
    for line in lines:
        inside, outside, count = map(int, line.split())
        if inside <= own < inside + count:
            return outside + own - inside
    return own
