"""Vertices of a build that are no ops: what the frontend and its look-ups do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from builder.events import Emit, StatusEvent, VertexEvent
from builder.oci.digest import Digest


@contextmanager
def step(emit: Emit, name: str) -> Iterator[str]:
    """A vertex that lasts as long as the block; yields its digest, that of its name."""
    digest = str(Digest.of(name.encode()))
    started = time.time()
    emit(VertexEvent(digest, name, started=started))
    try:
        yield digest
    except BaseException as error:
        text = str(error) if isinstance(error, Exception) else "context canceled"
        emit(VertexEvent(digest, name, started=started, completed=time.time(), error=text))
        raise
    emit(VertexEvent(digest, name, started=started, completed=time.time()))


def transferred(emit: Emit, vertex: str, name: str, size: int) -> None:
    """Say that ``size`` bytes went over under ``name``."""
    now = time.time()
    emit(StatusEvent(vertex, name, "", size, 0, now, now, now))
