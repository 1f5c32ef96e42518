"""Work that is done once for all who ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar

from builder.registry.errors import RegistryError, UnexpectedStatus, Unreachable
from builder.registry.manifests import Answer

T = TypeVar("T")


class Once:
    """Results by key, shared by concurrent callers too.

    An error is remembered where it was an answer; what may pass (no answer, 429, 5xx) is
    asked for again by the next caller.
    """

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[Any]] = {}

    async def run(self, key: Hashable, step: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of ``step``; a caller that is cancelled does not stop it for others."""
        task = self._tasks.get(key)
        if task is None or _may_pass(task):
            task = self._tasks[key] = asyncio.create_task(step())
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        result: T = await asyncio.shield(task)
        return result

    def forget(self, *parts: Hashable) -> None:
        """Drops every key (a tuple) that has one of ``parts`` in it, whole or as a run."""
        for key in list(self._tasks):
            if isinstance(key, tuple) and any(_within(part, key) for part in parts):
                del self._tasks[key]

    async def aclose(self) -> None:
        """Cancels what is under way."""
        tasks = [task for task in self._tasks.values() if not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _within(part: Hashable, key: tuple[Hashable, ...]) -> bool:
    if isinstance(part, tuple):
        width = len(part)
        return any(key[at : at + width] == part for at in range(len(key) - width + 1))
    return part in key


def _may_pass(task: asyncio.Task[Any]) -> bool:
    if not task.done():
        return False
    if task.cancelled():
        return True
    error = task.exception()
    if error is None:
        result = task.result()
        return isinstance(result, Answer) and (result.error is not None or result.status >= 429)
    if isinstance(error, UnexpectedStatus):
        return error.status == 429 or error.status >= 500
    return not isinstance(error, RegistryError) or isinstance(error, Unreachable)
