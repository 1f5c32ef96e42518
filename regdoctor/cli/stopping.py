"""Runs that take everything down in order when they are stopped."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable

from regdoctor.cli import exits


def until_stopped(run: Callable[[], Awaitable[int]]) -> int:
    """Run to the end; its exit code. An interrupt or a polite kill cancels it first."""

    async def body() -> int:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await run()

    try:
        return asyncio.run(body())
    except (KeyboardInterrupt, asyncio.CancelledError):
        over = "\r" if sys.stderr.isatty() else ""  # the terminal has written ^C there
        sys.stderr.write(f"{over}regdoctor: canceled\n")
        return exits.INTERRUPTED
