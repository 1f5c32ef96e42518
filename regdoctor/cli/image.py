"""``regdoctor image``: the images that builds left in the local store."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regdoctor.cli.faults import UsageError
from regdoctor.cli.statedir import is_there, place_of
from regdoctor.render.safe import plain

if TYPE_CHECKING:
    from builder.engine.imagedetails import PlatformDetails, Summary
    from builder.engine.imagestore import ImageStore, NamedImage

Strings = list[str]
_SHORT = 12
"""Digits of a digest that stand for an image, as docker shows them."""

Root = Annotated[Path | None, typer.Option("--root", help="State directory.", show_default=False)]


def image() -> None:
    """List, inspect, push, remove and save the images of the local store.

    A name may be short (app, app:1); an id is the beginning of a digest.

    \b
    Examples:
      regdoctor image ls
      regdoctor image push app:1 registry.example.com/team/app:1
    """


def ls(
    pattern: Annotated[
        str, typer.Argument(metavar="NAME", help="Those of that name; * stands for any.")
    ] = "",
    format: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
    digests: Annotated[bool, typer.Option("--digests", help="Show whole digests.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Show the ids only.")] = False,
    root: Root = None,
) -> None:
    """List the images that have names, with their platforms and the size of a push.

    \b
    Examples:
      regdoctor image ls
      regdoctor image ls --format json 'registry.example.com/team/*'
    """
    if format not in ("table", "json"):
        raise UsageError(f"--format {format}: choose table or json")
    from builder.engine.imagedetails import summary
    from builder.engine.imagestore import open_images
    from builder.engine.place import default_root

    found: list[Summary] = []
    place = root or default_root(os.environ)
    if root is not None or is_there(place):  # before the first build there is nothing to list
        with open_images(place_of(root)) as store:
            images = store.matching(pattern) if pattern else store.all()
            found = [summary(store.content, each) for each in images]
    if quiet:
        ids = dict.fromkeys(_id(each.image, digests) for each in found)
        typer.echo("".join(f"{id}\n" for id in ids), nl=False)
    elif format == "json":
        for each in found:
            typer.echo(json.dumps(_row(each)))
    else:
        typer.echo(_table(found, digests), nl=False)
    for each in found:
        if each.fault:
            sys.stderr.write(f"warning: {each.image.familiar}: {plain(each.fault)}\n")


def inspect(
    names: Annotated[Strings, typer.Argument(metavar="NAME", help="Names or ids.")],
    raw: Annotated[
        bool, typer.Option("--raw", help="Print the manifest or index, byte for byte.")
    ] = False,
    root: Root = None,
) -> None:
    """Show all that is known of images: manifests, configs, layers and attestations, as JSON.

    \b
    Examples:
      regdoctor image inspect app:1
      regdoctor image inspect --raw app:1 | sha256sum
    """
    if raw and len(names) > 1:
        raise UsageError("--raw prints one manifest: give one name")
    from builder.engine.imagestore import open_images
    from builder.oci.manifest import MAX_MANIFEST

    with open_images(place_of(root)) as store:
        found = [_first(store, name) for name in names]
        if raw:
            data = store.content.read(found[0].top.digest, MAX_MANIFEST)
            sys.stdout.buffer.write(data)
            return
        documents = [_document(store, each) for each in found]
    typer.echo(json.dumps(documents, indent=2))


def rm(
    names: Annotated[Strings | None, typer.Argument(metavar="NAME", help="Names or ids.")] = None,
    everything: Annotated[bool, typer.Option("-a", "--all", help="Every image there is.")] = False,
    root: Root = None,
) -> None:
    """Take names away from images; what no name leads to any more goes at the next cache prune.

    An id stands for all names of its image. Nothing is removed where one name is unknown.

    \b
    Examples:
      regdoctor image rm app:1 registry.example.com/team/app:1
      regdoctor image rm --all && regdoctor cache prune --force
    """
    if bool(names) == everything:
        raise UsageError("rm: give names, or --all", hint="regdoctor image ls shows the names")
    from builder.engine.imagestore import open_images

    with open_images(place_of(root)) as store:
        if everything:
            found = store.all()
        else:
            found = tuple(each for name in names or () for each in found_of(store, name))
        gone = [each for each in found if store.names.remove(each.name)]
    for each in gone:
        typer.echo(f"removed {each.name} ({each.top.digest})")
    if gone:
        sys.stderr.write("their content goes with: regdoctor cache prune\n")


def found_of(store: ImageStore, text: str) -> tuple[NamedImage, ...]:
    """The image that a user means, with all its names where an id was given.

    Raises UsageError for what is neither a name nor an id, BuilderError where there is none.
    """
    from builder.oci.reference import InvalidReference

    try:
        return store.find(text)
    except InvalidReference as error:
        raise UsageError(str(error), hint="regdoctor image ls shows the names") from error


def _first(store: ImageStore, text: str) -> NamedImage:
    return found_of(store, text)[0]


def _id(image: NamedImage, whole: bool) -> str:
    return str(image.top.digest) if whole else image.top.digest.hex[:_SHORT]


def _row(summary: Summary) -> dict[str, Any]:
    return {
        "Name": summary.image.familiar,
        "Digest": str(summary.image.top.digest),
        "Platforms": list(summary.platforms),
        "CreatedAt": summary.created or None,
        "Size": summary.size,
    }


def _table(found: Sequence[Summary], digests: bool) -> str:
    from tabulate import tabulate

    from regdoctor.render import sizes

    rows = [
        (
            each.image.familiar,
            _id(each.image, digests),
            plain(", ".join(each.platforms)),
            _moment(each.created),
            "" if each.fault else sizes.size(each.size),
        )
        for each in found
    ]
    headers = ("NAME", "DIGEST", "PLATFORMS", "CREATED", "SIZE")
    if not rows:
        return "  ".join(headers) + "\n"
    return tabulate(rows, headers=headers, tablefmt="plain", disable_numparse=True) + "\n"


def _moment(text: str) -> str:
    """A time of a config, to the second; as it is where it is none."""
    from builder.exporters.gotime import parse_time
    from regdoctor.render import sizes

    time = parse_time(text)
    return plain(text) if time is None else sizes.moment(time / 1e9)


def _document(store: ImageStore, image: NamedImage) -> dict[str, Any]:
    from builder.engine.imagedetails import details

    found = details(store.content, image)
    return {
        **_row(found.summary),
        "FullName": image.name,
        "MediaType": image.top.media_type,
        "Index": found.index,
        "Images": [_platform(each) for each in found.images],
    }


def _platform(image: PlatformDetails) -> dict[str, Any]:
    return {
        "Platform": image.platform,
        "Digest": str(image.descriptor.digest),
        "Manifest": image.manifest,
        "Config": image.config,
        "Layers": [
            {
                "Digest": str(layer.descriptor.digest),
                "DiffID": layer.diff_id,
                "MediaType": layer.descriptor.media_type,
                "Size": layer.descriptor.size,
                "Present": layer.present,
            }
            for layer in image.layers
        ],
        "Attestations": [
            {"Digest": str(each.digest), "Predicates": list(each.predicates)}
            for each in image.attestations
        ],
    }
