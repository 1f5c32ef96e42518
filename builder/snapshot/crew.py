"""Small blocking calls, done side by side.

Creating a file keeps the kernel busy for longer than Python takes to ask for it, and the
interpreter lock is free meanwhile.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")

BATCH = 256
"""Items gathered before they are worked on: much more than threads, little memory."""
_WORTH_IT = 16
_MOST_THREADS = 4


class Crew(Generic[T]):
    """Gathers items for ``work``. The order in which they are worked on is not defined.

    A context manager; leaving it does not work on what is left: ``finish`` does.
    """

    def __init__(self, work: Callable[[T], None]) -> None:
        self._work = work
        self._items: list[T] = []
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Crew[T]:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def add(self, item: T) -> None:
        """Take ``item``; now and then, work on all that was taken. Raises what work raises."""
        self._items.append(item)
        if len(self._items) >= BATCH:
            self.finish()

    def finish(self) -> None:
        """Work on what was taken; when this returns or raises, no thread is at it any more."""
        items, self._items = self._items, []
        threads = min(os.cpu_count() or 1, _MOST_THREADS)
        if len(items) < _WORTH_IT or threads == 1:
            self._all(items)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(threads - 1, thread_name_prefix="crew")
        futures = [self._pool.submit(self._all, items[n::threads]) for n in range(1, threads)]
        try:
            self._all(items[::threads])
        finally:
            failures = [future.exception() for future in futures]
        for failure in failures:
            if failure is not None:
                raise failure

    def _all(self, items: Sequence[T]) -> None:
        for item in items:
            self._work(item)
