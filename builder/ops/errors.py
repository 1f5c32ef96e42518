"""What an op says when it is asked for the impossible."""

from __future__ import annotations

from builder.errors import BuilderError


class OpError(BuilderError):
    """The message is BuildKit's where it has one."""
