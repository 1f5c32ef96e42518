"""The state directory that a command is about, which must be there."""

from __future__ import annotations

import os
from pathlib import Path

from regdoctor.cli.faults import UsageError


def place_of(root: Path | None) -> Path:
    """``root``, or the default one. Raises UsageError where there is none."""
    from builder.engine.place import default_root

    place = root or default_root(os.environ)
    if not is_there(place):
        raise UsageError(f"there is no state directory {place}", hint="name it with --root DIR")
    return place


def is_there(place: Path) -> bool:
    """Raises UsageError where this user may not know."""
    try:
        return (place / "version").exists()
    except OSError as error:
        raise UsageError(
            f"cannot use the state directory {place}: {(error.strerror or str(error)).lower()}",
            hint="choose another with --root DIR or $REGDOCTOR_ROOT",
        ) from error
