"""Blocking work of an op in a thread, ended in good order when the solve is cancelled."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[Callable[[], bool]], T]) -> T:
    """Run ``work(cancelled)`` in a thread and wait for it, also when the task is cancelled.

    ``cancelled()`` turns true on cancellation: ``work`` should look at it between files and
    raise. The thread is never left behind, so that what it uses can be taken down after it.
    """
    stop = threading.Event()
    future = asyncio.get_running_loop().run_in_executor(None, work, stop.is_set)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([future])
        if not future.cancelled():
            future.exception()
        raise
