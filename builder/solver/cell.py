"""A value that many tasks wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Generic, TypeVar, cast

T = TypeVar("T")


class Cell(Generic[T]):
    """Set once. Each waiter waits on a future of its own.

    So, unlike with a shared task or future, cancelling one waiter disturbs no other, and
    cancelling a chain of a thousand waiters does not recurse through it.
    """

    __slots__ = ("_done", "_value", "_watchers")

    def __init__(self) -> None:
        self._done = asyncio.Event()
        self._value: T | None = None
        self._watchers: list[asyncio.Event] = []

    @property
    def done(self) -> bool:
        return self._done.is_set()

    @property
    def value(self) -> T:
        assert self.done
        return cast("T", self._value)

    def set(self, value: T) -> None:
        self._value = value
        self._done.set()
        for watcher in self._watchers:
            watcher.set()
        self._watchers.clear()

    async def wait(self) -> T:
        await self._done.wait()
        return cast("T", self._value)

    def watch(self, watcher: asyncio.Event) -> None:
        """Sets ``watcher`` when this has a value."""
        if self.done:
            watcher.set()
        else:
            self._watchers.append(watcher)


async def all_of(cells: Sequence[Cell[T]]) -> list[T]:
    """The values of all cells, in order."""
    return [await cell.wait() for cell in cells]
