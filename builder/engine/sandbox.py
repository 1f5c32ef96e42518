"""The executor, opened with the first step that needs it: a cached build needs none."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from builder.executor.types import Output, Process

if TYPE_CHECKING:
    from builder.executor.sandbox import RuntimeExecutor


class LazyExecutor:
    """An Executor. ``notices`` are what the sandbox has to say once it was used."""

    def __init__(self, directory: Path, sandbox: str) -> None:
        self._directory = directory
        self._sandbox = sandbox
        self._opening = asyncio.Lock()
        self._executor: RuntimeExecutor | None = None

    @property
    def name(self) -> str:
        """The sandbox in use; empty while none was needed."""
        return self._executor.name if self._executor is not None else ""

    @property
    def notices(self) -> tuple[str, ...]:
        return self._executor.notices if self._executor is not None else ()

    async def run(self, root: Path, process: Process, output: Output) -> None:
        """Raises ExecutorError, also where no sandbox works here."""
        async with self._opening:
            if self._executor is None:
                from builder.executor.sandbox import open_executor

                self._executor = await open_executor(self._directory, self._sandbox)
        await self._executor.run(root, process, output)

    async def aclose(self) -> None:
        if self._executor is not None:
            await self._executor.aclose()
