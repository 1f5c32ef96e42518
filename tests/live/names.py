"""A resolver that knows no name: those that exist stand in /etc/hosts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.fixtures.resolver import answering, reply

_NXDOMAIN = 3


def nameserver(asked_for: Callable[[str], None]) -> AbstractContextManager[str]:
    """Listens on 127.0.0.1:53 of this network namespace and tells which names were asked for."""

    def answer(query: bytes) -> bytes:
        asked_for(_name(query))
        return reply(query, {}, _NXDOMAIN)

    return answering(answer, ("127.0.0.1", 53))


def _name(query: bytes) -> str:
    labels, at = [], 12
    while size := query[at]:
        labels.append(query[at + 1 : at + 1 + size].decode("ascii", "replace"))
        at += size + 1
    return ".".join(labels)
