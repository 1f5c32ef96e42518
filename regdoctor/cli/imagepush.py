"""``regdoctor image push``: an image of the local store to a registry."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regdoctor.cli.faults import UsageError
from regdoctor.cli.image import Root, Strings, found_of

if TYPE_CHECKING:
    from builder.api import Sender
    from builder.engine.imagestore import NamedImage
    from builder.events import Emit
    from builder.oci.reference import Reference

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", help="Registry settings in buildkitd.toml's form.", show_default=False
    ),
]
As = Annotated[
    str,
    typer.Option(
        "--as",
        help="Mirrors and trust of docker, buildkit, podman ... on this host.",
        show_default=False,
    ),
]
Ca = Annotated[
    list[Path] | None,
    typer.Option("--ca", help="An extra root (PEM) for every registry.", show_default=False),
]
Resolve = Annotated[
    Strings | None,
    typer.Option("--resolve", help="HOST:PORT:ADDR, as curl's.", show_default=False),
]
Progress = Annotated[
    str,
    typer.Option(
        "--progress", help="auto, tty, plain, quiet, rawjson or none.", show_default=False
    ),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")]


def push(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name or id.")],
    destination: Annotated[
        str, typer.Argument(metavar="DESTINATION", help="Push it as that, not as NAME.")
    ] = "",
    config: Config = None,
    as_client: As = "",
    ca: Ca = None,
    resolve: Resolve = None,
    progress: Progress = "",
    quiet: Quiet = False,
    root: Root = None,
) -> int:
    """Push an image, all its platforms and attestations, and print its digest.

    What the registry has, or can take from another of its repositories, is not sent.

    \b
    Examples:
      regdoctor image push registry.example.com/team/app:1
      regdoctor image push --ca company-root.pem app:1 registry.corp.example:5000/app:1
    """
    given = dict(locals())
    from regdoctor.cli.imagerun import Work, send

    target = _reference(destination) if destination else None

    def choose(sender: Sender) -> Work:
        found = found_of(sender.images, name)
        where = target or _own_name(found, name)

        async def work(emit: Emit) -> None:
            digest = await sender.push(found[0], where, emit)
            sys.stdout.write(f"{digest}\n")

        return Work(work, (where,))

    return send(given, os.environ, choose)


def _reference(text: str) -> Reference:
    from builder.oci import reference as references
    from builder.oci.reference import InvalidReference

    try:
        reference = references.parse(text)
    except InvalidReference as error:
        raise UsageError(str(error)) from error
    if reference.digest is not None:
        raise UsageError(f"{text}: a destination has no digest", hint="give a tag, or none")
    return reference


def _own_name(found: tuple[NamedImage, ...], text: str) -> Reference:
    from builder.oci import reference as references

    if len(found) > 1:
        names = ", ".join(each.familiar for each in found)
        raise UsageError(f"{text} has {len(found)} names: {names}", hint="give one of them")
    return references.parse(found[0].name)
