"""The executor, opened with the first step that needs it: a cached build needs none."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from builder.executor.types import Network, Output, Process

if TYPE_CHECKING:
    from builder.executor.sandbox import RuntimeExecutor


class LazyExecutor:
    """An Executor that is opened by its first step."""

    def __init__(self, directory: Path, sandbox: str, *, offline: bool = False) -> None:
        """``offline``: steps have no network but their own loopback."""
        self._directory = directory
        self._sandbox = sandbox
        self._offline = offline
        self._opening = asyncio.Lock()
        self._executor: RuntimeExecutor | None = None

    @property
    def name(self) -> str:
        """The sandbox in use; empty while none was needed."""
        return self._executor.name if self._executor is not None else ""

    @property
    def notices(self) -> tuple[str, ...]:
        """Which sandbox ran the steps, and what it could not do; nothing where none ran."""
        if self._executor is None:
            return ()
        return (f"RUN steps ran in {self._executor.name}", *self._executor.notices)

    async def run(self, root: Path, process: Process, output: Output) -> None:
        """Raises ExecutorError, also where no sandbox works here."""
        async with self._opening:
            if self._executor is None:
                from builder.executor.sandbox import open_executor

                self._executor = await open_executor(self._directory, self._sandbox)
        if self._offline:
            process = replace(process, network=Network.NONE)
        await self._executor.run(root, process, output)

    async def aclose(self) -> None:
        if self._executor is not None:
            await self._executor.aclose()
