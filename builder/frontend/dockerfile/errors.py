"""What a Dockerfile can do wrong, with the physical lines it is about.

The message is BuildKit's own text, so that what users know and search for stays true.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import Self

from builder.errors import BuilderError
from builder.events import SourceRange


class DockerfileError(BuilderError):
    """A Dockerfile that cannot be built. ``ranges`` are physical lines, 1-based."""

    def __init__(
        self, message: str, *, ranges: tuple[SourceRange, ...] = (), hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.ranges = ranges

    def located(self, ranges: tuple[SourceRange, ...], prefix: str = "") -> Self:
        """The same error with ``prefix``, placed at ``ranges`` unless it already has a place."""
        placed = copy(self)
        placed.args = (prefix + str(self),)
        placed.ranges = self.ranges or ranges
        return placed

    def relocated(self, ranges: tuple[SourceRange, ...]) -> Self:
        """The same error at ``ranges``: its own place was in another text."""
        placed = copy(self)
        placed.ranges = ranges
        return placed


class ParseError(DockerfileError):
    """Text that is no Dockerfile."""


class ShellWordError(DockerfileError):
    """A word with quotes or ``${...}`` that cannot be expanded; ``unmatched`` are variables
    without a value that it names up to there."""

    def __init__(self, message: str, unmatched: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.unmatched = frozenset(unmatched)


class CircularDependencyError(DockerfileError):
    """A stage that needs itself."""


class StageNotFoundError(DockerfileError):
    """``--target`` or a stage number that no stage has."""


class IgnorePatternError(DockerfileError):
    """A line of an ignore file that is no pattern."""


class BlankBaseError(DockerfileError):
    """A FROM of which nothing is left once the variables of ``expression`` are expanded."""

    def __init__(self, expression: str, *, ranges: tuple[SourceRange, ...] = ()) -> None:
        super().__init__(f"base name ({expression}) should not be blank", ranges=ranges)
        self.expression = expression


class BaseImageError(DockerfileError):
    """An image's metadata could not be had; ``__cause__`` tells why."""

    def __init__(
        self,
        message: str,
        *,
        reference: str = "",
        ranges: tuple[SourceRange, ...] = (),
        hint: str = "",
    ) -> None:
        super().__init__(message, ranges=ranges, hint=hint)
        self.reference = reference
