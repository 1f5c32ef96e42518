"""Errors of a solve.

::

    BuilderError
    `-- SolveError          one vertex failed; wraps the cause
        `-- CyclicGraphError     vertices that wait for each other
"""

from __future__ import annotations

from collections.abc import Sequence

from builder.errors import BuilderError
from builder.oci.digest import Digest
from builder.solver.types import Location

CANCELED = "context canceled"
"""The ``error`` of the event of a vertex that was stopped, in BuildKit's words."""


class SolveError(BuilderError):
    """A vertex failed. ``str`` is BuildKit's text after ``failed to solve:``.

    ``stage`` is "" when the op itself failed, else what was being done for it
    (``failed to load cache key``, ``failed to compute cache key``).
    """

    def __init__(
        self,
        digest: Digest,
        name: str,
        locations: Sequence[Location],
        cause: BaseException,
        stage: str = "",
    ) -> None:
        text = str(cause) or type(cause).__name__
        super().__init__(f"{stage}: {text}" if stage else text, hint=getattr(cause, "hint", ""))
        self.digest = digest
        self.name = name
        self.locations = tuple(locations)
        self.cause = cause
        self.stage = stage


class CyclicGraphError(SolveError):
    """The inputs of a vertex lead back to it."""

    def __init__(self, digest: Digest, name: str, locations: Sequence[Location]) -> None:
        super().__init__(digest, name, locations, ValueError(f"{name!r} is its own input"))
