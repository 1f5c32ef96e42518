"""What the face of the builder raises."""

from __future__ import annotations

from collections.abc import Sequence

from builder.errors import BuilderError
from builder.solver.types import Location


class RequestError(BuilderError):
    """A request that cannot be a build: no such context, no such file, a tag that is none."""


class BuildError(BuilderError):
    """A build that failed. ``str`` is BuildKit's text after ``failed to solve:``.

    ``cause`` is the error that stopped it; ``locations`` are the source lines it is about.
    """

    def __init__(
        self, message: str, cause: BaseException, locations: Sequence[Location] = ()
    ) -> None:
        super().__init__(message, hint=getattr(cause, "hint", ""))
        self.cause = cause
        self.locations = tuple(locations)
