"""``regdoctor image save``: images of the local store as an archive."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from regdoctor.cli.faults import UsageError
from regdoctor.cli.image import Root, Strings, found_of
from regdoctor.cli.imagepush import As, Ca, Config, Progress, Quiet, Resolve

if TYPE_CHECKING:
    from builder.api import Sender
    from builder.engine.imagestore import NamedImage
    from builder.events import Emit
    from builder.oci.platform import Platform


def save(
    names: Annotated[Strings, typer.Argument(metavar="NAME", help="Names or ids.")],
    output: Annotated[str, typer.Option("-o", "--output", help="FILE, or - for stdout.")] = "-",
    format: Annotated[
        str, typer.Option("--format", help="docker, one platform's; or oci, all of them.")
    ] = "docker",
    platform: Annotated[
        str, typer.Option("--platform", help="The image for this one.", show_default=False)
    ] = "",
    config: Config = None,
    as_client: As = "",
    ca: Ca = None,
    resolve: Resolve = None,
    progress: Progress = "",
    quiet: Quiet = False,
    root: Root = None,
) -> int:
    """Write images into one archive, for docker load, podman load or skopeo.

    Layers of a base image that were never fetched come from its registry.

    \b
    Examples:
      regdoctor image save app:1 | docker load
      regdoctor image save --format oci -o app.tar app:1
    """
    given = dict(locals())
    if format not in ("docker", "oci"):
        raise UsageError(f"--format {format}: choose docker or oci")
    if output == "-" and sys.stdout.isatty():
        raise UsageError(
            "an archive is not written to a terminal",
            hint="-o FILE, or send the output to a file or a pipe",
        )
    from builder.api import Archive
    from builder.exporters.destination import archive_file
    from builder.exporters.errors import unwritable
    from regdoctor.cli.imagerun import Work, send

    archive = Archive(format == "docker", _platform(platform))

    def write(into: Callable[[BinaryIO], None]) -> None:
        if output != "-":
            with archive_file(Path(output)) as file:
                into(file)
            return
        try:
            into(sys.stdout.buffer)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise unwritable("standard output", error) from error

    def choose(sender: Sender) -> Work:
        found: dict[str, tuple[NamedImage, bool]] = {}
        for name in names:
            for each in found_of(sender.images, name):
                named = each.name in found and found[each.name][1]
                found[each.name] = (each, named or not _is_id(each.name, name))

        async def work(emit: Emit) -> None:
            await sender.save(tuple(found.values()), archive, write, emit)

        return Work(work)

    return send(given, os.environ, choose)


def _platform(text: str) -> Platform | None:
    from builder.oci import platform as platforms
    from builder.oci.platform import InvalidPlatform

    try:
        return platforms.parse(text) if text else None
    except InvalidPlatform as error:
        raise UsageError(str(error), hint=error.hint) from error


def _is_id(name: str, text: str) -> bool:
    """Whether ``text`` found the image by its digest; then, as with docker, no name is written."""
    from builder.oci import reference as references
    from builder.oci.reference import InvalidReference

    try:
        return str(references.parse(text)) != name
    except InvalidReference:
        return True
