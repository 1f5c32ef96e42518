"""``regdoctor clients``: whom each client on this host would ask, and whether it would trust."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from builder.errors import BuilderError
from regdoctor.cli import exits
from regdoctor.cli.faults import UsageError
from regdoctor.cli.homes import home_below

DEFAULT = "docker.io/library/alpine:latest"
_ALIASES = {
    "docker": ("docker-pull", "docker-build"),
    "docker-desktop": ("docker-desktop", "docker-desktop-build"),
    "buildkit": ("buildkitd",),
    "containerd": ("cri", "ctr"),
}


def clients(
    reference: Annotated[
        str, typer.Argument(metavar="[REFERENCE]", help="An image that they would pull.")
    ] = DEFAULT,
    client: Annotated[
        list[str] | None,
        typer.Option(
            "--client", metavar="NAME", help="Only this one; default: all that are found here."
        ),
    ] = None,
    client_version: Annotated[
        str, typer.Option("--client-version", metavar="V", help="As if it were this version.")
    ] = "",
    host_root: Annotated[
        Path, typer.Option(metavar="DIR", help="Judge the files below DIR: another host's.")
    ] = Path("/"),
    offline: Annotated[
        bool, typer.Option("--offline", help="Read files only; connect to nobody.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=0.1, max=600, help="Seconds for each wait.", show_default=True)
    ] = 5.0,
    format_: Annotated[
        str, typer.Option("--format", metavar="text|json", help="Form of the output.")
    ] = "text",
) -> int:
    """Show whom each client on this host would contact for an image, and whether it would trust.

    \b
    Examples:
      regdoctor clients registry.example.com:5000/team/app:1.0
      regdoctor clients --client docker-build --client-version 24.0.9 alpine
    """
    from regdoctor.survey import installed, read_host, survey

    if format_ not in ("text", "json"):
        raise UsageError(f"--format {format_}: not one of text, json")
    if not host_root.is_dir():
        raise UsageError(f"--host-root {host_root}: no such directory")
    files, roots = read_host(host_root, home_below(host_root), os.environ, ask=True)
    programs = _programs(client or []) or installed(files)
    if not programs:
        raise UsageError(
            "no client was found on this host",
            hint="name one: --client docker, buildkit, buildx, containerd, kind, podman, crane ...",
        )
    try:
        plans = asyncio.run(
            survey(
                files,
                roots,
                programs,
                reference,
                version=client_version,
                seconds=timeout,
                look=not offline,
            )
        )
    except (BuilderError, ValueError) as error:
        raise UsageError(str(error)) from error
    if format_ == "json":
        from regdoctor.model import codec

        sys.stdout.write(json.dumps(codec.encode(tuple(plans)), indent=1) + "\n")
    else:
        from regdoctor.cli import terminal
        from regdoctor.render.clients import render

        sys.stdout.write(render(plans, width=terminal.width(sys.stdout)))
    return exits.CLEAN


def _programs(names: list[str]) -> tuple[str, ...]:
    from regdoctor.clients.onhost import KINDS

    found: dict[str, None] = {}
    for name in names:
        chosen = _ALIASES.get(name, (name,))
        unknown = [each for each in chosen if each not in KINDS]
        if unknown:
            raise UsageError(f"--client {name}: not one of {', '.join({**_ALIASES, **KINDS})}")
        found.update(dict.fromkeys(chosen))
    return tuple(found)
