"""A resolver that knows no name: those that exist stand in /etc/hosts."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

from tests.fixtures.resolver import reply

_NXDOMAIN = 3


@contextlib.contextmanager
def nameserver(asked_for: Callable[[str], None]) -> Iterator[None]:
    """Listens on 127.0.0.1:53 of this network namespace and tells which names were asked for."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 53))
    sock.settimeout(0.1)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                query, client = sock.recvfrom(4096)
            except TimeoutError:
                continue
            asked_for(_name(query))
            sock.sendto(reply(query[: _end(query)], {}, _NXDOMAIN), client)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)
        sock.close()


def _end(query: bytes) -> int:
    return query.index(b"\x00", 12) + 5


def _name(query: bytes) -> str:
    labels, at = [], 12
    while size := query[at]:
        labels.append(query[at + 1 : at + 1 + size].decode("ascii", "replace"))
        at += size + 1
    return ".".join(labels)
