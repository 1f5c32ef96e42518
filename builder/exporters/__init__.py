"""Writes a build's result: an image in the store, a registry or an archive, or a tree.

``parse`` reads an ``--output`` value, ``export.export`` writes to it. Errors: OutputError,
ExportError (``exporters.errors``).
"""

from __future__ import annotations

from builder.exporters.errors import ExportError, OutputError
from builder.exporters.output import Output, parse
from builder.exporters.types import (
    ExportContext,
    Exported,
    ExportInput,
    Layer,
    PlatformImage,
    Pusher,
)

__all__ = [
    "ExportContext",
    "ExportError",
    "ExportInput",
    "Exported",
    "Layer",
    "Output",
    "OutputError",
    "PlatformImage",
    "Pusher",
    "parse",
]
