"""``regdoctor doctor``: what this host can do, what is missing, and how to get it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from regdoctor.cli import exits
from regdoctor.cli.faults import UsageError


def doctor(
    root: Annotated[
        Path | None, typer.Option("--root", help="State directory.", show_default=False)
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="text|json", help="Form of the output.")
    ] = "text",
) -> int:
    """Show what this host can do, what is missing, and how to get it.

    Tries what a build would do (namespaces, an overlay, each runtime, each network) and
    removes it again. Exit code 0: RUN steps can be built here; 1: something that they need
    is missing.

    \b
    Examples:
      regdoctor doctor
      regdoctor doctor --format json
    """
    if format_ not in ("text", "json"):
        raise UsageError(f"--format {format_}: not one of text, json")
    from builder.engine.place import default_root
    from regdoctor.checks.ability import abilities
    from regdoctor.observations.ability import Trial
    from regdoctor.probes.ability import AbilityReader
    from regdoctor.render import ability

    state = root or default_root(os.environ)
    # Before anything starts a thread: the trial forks.
    trial = Trial(**_tried_in_a_child(state))
    seen = AbilityReader(os.environ, state).read(trial)
    found = abilities(seen)
    if format_ == "json":
        sys.stdout.write(ability.document(found, seen))
    else:
        from regdoctor.cli import terminal

        colour = terminal.colour(sys.stdout, os.environ)
        width = terminal.width(sys.stdout)
        sys.stdout.write(ability.text(found, width=width, colour=colour))
    missing = any(each.state == "missing" for each in found)
    return exits.FINDINGS if missing else exits.CLEAN


def _tried_in_a_child(state: Path) -> dict[str, Any]:
    """What ``builder.api.try_host`` found; the process that it moved has ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _try(state, writing)
        finally:
            os._exit(0)  # without what the parent has registered for its own end
    os.close(writing)
    with open(reading, "rb") as answer:  # noqa: PTH123
        said = answer.read()
    os.waitpid(child, 0)
    found: dict[str, Any] = json.loads(said or b'{"refused": "the trial ended without an answer"}')
    return found


def _try(state: Path, writing: int) -> None:
    from builder.api import try_host

    os.write(writing, json.dumps(asdict(try_host(state))).encode())
