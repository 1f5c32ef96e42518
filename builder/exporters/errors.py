"""Errors of exports::

ExportError          an output that cannot be written or pushed
OutputError          an ``--output`` value that is not understood (a usage error)
"""

from __future__ import annotations

from builder.errors import BuilderError


class ExportError(BuilderError):
    """An output that cannot be written; the message names the place."""


def unwritable(place: object, error: OSError) -> ExportError:
    """What the system said about ``place``, as an ExportError."""
    return ExportError(f"cannot write {place}: {(error.strerror or str(error)).lower()}")


class OutputError(BuilderError):
    """An ``--output`` value that makes no sense. ``text`` is the value as given."""

    def __init__(self, text: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.text = text
