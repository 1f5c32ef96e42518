"""What goes wrong with a build graph: bytes that are no definition, or a graph with holes."""

from __future__ import annotations

from builder.errors import BuilderError


class LLBError(BuilderError):
    """A definition that is malformed, too large or incomplete; the message says where."""
