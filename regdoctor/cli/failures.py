"""What is said of a build that failed: the lines it is about, the error, a hint."""

from __future__ import annotations

import sys

from builder.api import BuildError
from builder.progress.report import source_frame
from regdoctor.render.safe import plain


def tell_failure(error: BuildError) -> None:
    """To standard error."""
    parts = [
        plain_lines(source_frame(location.info, location.ranges)) for location in error.locations
    ]
    parts.append(f"ERROR: failed to build: failed to solve: {plain(str(error))}\n")
    if error.hint:
        parts.append(f"hint: {plain(error.hint)}\n")
    sys.stderr.write("".join(parts))
    sys.stderr.flush()


def plain_lines(text: str) -> str:
    """``text`` without control characters, its lines kept."""
    return "".join(plain(line.rstrip("\n")) + "\n" for line in text.split("\n")[:-1])
