"""The executor, opened with the first step that needs it: a cached build needs none."""

from __future__ import annotations

import asyncio
from pathlib import Path

from builder.executor import RuntimeExecutor, open_executor
from builder.executor.types import Output, Process


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
                self._executor = await open_executor(self._directory, self._sandbox)
        await self._executor.run(root, process, output)

    async def aclose(self) -> None:
        if self._executor is not None:
            await self._executor.aclose()
