"""What the executor asks of a way out."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from builder.executor.types import ExecutorError


class NetworkError(ExecutorError):
    """A way out that does not work on this host."""


class Attachment(Protocol):
    """A network namespace that is connected. ``close`` gives all of it back."""

    @property
    def path(self) -> Path:
        """The namespace as a runtime joins it; valid until ``close``."""

    def close(self) -> None: ...


class WayOut(Protocol):
    """One kind of connection. Methods block: call them in threads."""

    @property
    def name(self) -> str: ...
    @property
    def resolver(self) -> str:
        """A resolver that steps can always use; ``""`` where only the host's are there."""

    def attach(self) -> Attachment:
        """A fresh namespace. Raises NetworkError or OSError where it cannot be had."""
        ...

    def close(self) -> None:
        """Take back what was set up on the host, unless another build uses it."""
        ...
