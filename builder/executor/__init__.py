"""Runs the steps of a build in a sandbox over a root directory.

``sandbox.open_executor(state_dir)`` tries the OCI runtimes of this host and the ways out to the
network, and returns an ``Executor`` (``executor.types``). Errors::

    ExecutorError          a step that could not be started; UserNotFoundError is one
    `-- ExitError          the process ended with another code than wanted
"""

from __future__ import annotations

from builder.executor.types import (
    ExecMount,
    Executor,
    ExecutorError,
    ExitError,
    Network,
    Output,
    Process,
    Ulimit,
)

__all__ = [
    "ExecMount",
    "Executor",
    "ExecutorError",
    "ExitError",
    "Network",
    "Output",
    "Process",
    "Ulimit",
]
