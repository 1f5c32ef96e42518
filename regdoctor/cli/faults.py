"""What is said, and which exit code is given, when a command raises."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Iterable
from typing import TYPE_CHECKING

from builder.errors import BuilderError
from builder.version import VERSION
from regdoctor.cli import exits
from regdoctor.render.safe import plain

if TYPE_CHECKING:
    from regdoctor.observations.store import Failure


class UsageError(BuilderError):
    """The command line asks for something that there is not."""


def told(error: Exception) -> int:
    """Tells the error on stderr, once; the exit code that goes with it."""
    if type(error).__name__ == "Abort":
        return exits.INTERRUPTED
    show = getattr(error, "show", None)
    if callable(show):  # typer's own: a wrong option, a missing argument
        show()
        return exits.USAGE
    if isinstance(error, UsageError):
        say(error)
        return exits.USAGE
    if isinstance(error, BuilderError):
        say(error)
        return exits.FINDINGS
    path = report_fault(error)
    sys.stderr.write(
        f"regdoctor: internal error: {type(error).__name__}: {plain(str(error))}\n"
        f"hint: this is a fault of regdoctor; attach {path} when you report it\n"
    )
    return exits.OWN_FAULT


def say(error: BuilderError) -> None:
    """One line of fact, and the hint where there is one."""
    sys.stderr.write(f"regdoctor: {plain(str(error))}\n")
    if error.hint:
        sys.stderr.write(f"hint: {plain(error.hint)}\n")


def report_fault(error: BaseException) -> str:
    """Writes a report about our own fault; the path of the file. No arguments, no environment:
    they may hold secrets."""
    return _kept(traceback.format_exception(error))


def report_failures(failures: Iterable[Failure]) -> str:
    """As ``report_fault``, about probes and checks that broke while the rest went on."""
    return _kept([f"{each.probe}: {each.kind}: {each.why}\n" for each in failures])


def _kept(told: Iterable[str]) -> str:
    lines = [
        f"regdoctor {VERSION}, Python {platform.python_version()}, {platform.platform()}\n",
        *told,
    ]
    handle, path = tempfile.mkstemp(prefix="regdoctor-fault-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(lines)
    return path
