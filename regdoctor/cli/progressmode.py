"""Which view of a build was asked for, by flags and environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TextIO

from builder.progress.display import ProgressError, check_mode
from regdoctor.cli.faults import UsageError

SPOKEN = ("auto", "tty", "plain")
"""The modes for people: what there is to say beside the progress is said in these."""


def progress_mode(given: Mapping[str, Any], environ: Mapping[str, str], stream: TextIO) -> str:
    """The mode for ``open_progress``, as buildx chooses it.

    BUILDKIT_PROGRESS decides where the flag does not; ``-q`` is ``quiet``. Raises UsageError.
    """
    flag = given["progress"] or "auto"
    if given["quiet"] and flag in ("tty", "plain", "rawjson"):
        raise UsageError(f"--progress={flag} and --quiet cannot be used together")
    asked = flag if flag != "auto" else environ.get("BUILDKIT_PROGRESS") or "auto"
    mode = "quiet" if given["quiet"] else asked
    try:
        check_mode(mode, stream)
    except ProgressError as error:
        raise UsageError(str(error), hint=error.hint) from error
    return mode
