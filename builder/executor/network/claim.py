"""Claims that all processes of one network namespace see, and that end with their holder.

Names of abstract UNIX sockets are unique within a network namespace and vanish with the
process (unix(7)): a lease of an address needs no file, no clean-up and no shared directory.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from collections.abc import Iterator

_PREFIX = "\0regdoctor/"
_POLL_SECONDS = 0.01


def claim(name: str) -> socket.socket | None:
    """Hold ``name`` until the returned socket is closed; None where another holds it."""
    holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        holder.bind(_PREFIX + name)
    except OSError as error:
        holder.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise
    return holder


@contextlib.contextmanager
def locked(name: str, timeout: float = 30.0) -> Iterator[None]:
    """Wait for the claim; raises TimeoutError."""
    deadline = time.monotonic() + timeout
    while (holder := claim(name)) is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"another build holds the {name} lock for {timeout:g} seconds")
        time.sleep(_POLL_SECONDS)
    with holder:
        yield
