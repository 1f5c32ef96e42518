"""``regdoctor cache``: what the build cache holds, and how it is made smaller."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regdoctor.cli.faults import UsageError
from regdoctor.cli.statedir import place_of
from regdoctor.render import sizes
from regdoctor.render.safe import plain

if TYPE_CHECKING:
    from builder.engine.prune import Rule
    from builder.engine.usage import UsageRecord

Strings = list[str]


def cache(
    action: Annotated[str, typer.Argument(metavar="du|prune", help="Show it, or remove.")],
    filter: Annotated[
        Strings | None,
        typer.Option(
            "--filter",
            help="id, parents, type, description, shared, ... or until=24h.",
            show_default=False,
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("-a", "--all", help="Take what named images share as well.")
    ] = False,
    reserved: Annotated[
        str, typer.Option("--reserved-space", "--keep-storage", help="Always keep so much.")
    ] = "",
    max_used: Annotated[
        str, typer.Option("--max-used-space", help="Remove until so much is used at most.")
    ] = "",
    min_free: Annotated[
        str, typer.Option("--min-free-space", help="Remove until so much of the disk is free.")
    ] = "",
    force: Annotated[bool, typer.Option("-f", "--force", help="Do not ask.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="All that is known.")] = False,
    format: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
    builder: Annotated[str, typer.Option("--builder", help="local.")] = "local",
    root: Annotated[
        Path | None, typer.Option("--root", help="State directory.", show_default=False)
    ] = None,
) -> None:
    """Show what the build cache holds (du), or remove what is not used (prune).

    \b
    Examples:
      regdoctor cache du --filter type=exec.cachemount
      regdoctor cache prune --max-used-space 20gb --filter until=48h
    """
    if action not in ("du", "prune"):
        raise UsageError(f"cache {action}: choose du or prune")
    if format not in ("table", "json"):
        raise UsageError(f"--format {format}: choose table or json")
    if builder not in ("local", "default", ""):
        raise UsageError(f"--builder {builder}: only local is supported yet")
    rule = _rule(filter or (), everything, (reserved, max_used, min_free))
    place = place_of(root)
    ask = action == "prune" and not force and sys.stdin.isatty()
    if ask and not typer.confirm("Remove all build cache that these flags name?"):
        return
    from builder.executor.rootless import enter_namespaces

    enter_namespaces()
    records, free = asyncio.run(_run(action, place, rule))
    if format == "json":
        for record in records:
            typer.echo(json.dumps(_document(record)))
        return
    typer.echo(_details(records) if verbose else _table(records), nl=False)
    typer.echo(_totals(action, records, free), nl=False)


def _rule(filters: Sequence[str], everything: bool, sizes: tuple[str, str, str]) -> Rule:
    from builder.engine.prune import Filter, PruneError, Rule, parse_filters
    from builder.errors import BuilderError
    from builder.frontend.dockerfile.duration import parse_duration
    from regdoctor.cli import buildflags

    unused_for = 0.0
    found: list[Filter] = []
    try:
        for text in filters:
            key, _, value = text.partition("=")
            if key in ("until", "unused-for"):
                unused_for = parse_duration(value) / 1e9
            else:
                found += parse_filters(text)
        flags = ("--reserved-space", "--max-used-space", "--min-free-space")
        limits = [buildflags.size(*pair) for pair in zip(flags, sizes, strict=True)]
    except PruneError as error:
        raise UsageError(str(error), hint=error.hint) from error
    except BuilderError as error:
        raise UsageError(str(error)) from error
    return Rule(tuple(found), everything, unused_for, *limits)


async def _run(action: str, place: Path, rule: Rule) -> tuple[list[UsageRecord], int]:
    """The records that there are, or that were removed; what is free of the disk in bytes."""
    from builder.engine.prune import free_space, prune
    from builder.engine.state import open_state
    from builder.engine.usage import usage

    with open_state(place) as state:
        records: list[UsageRecord] = []
        if action == "prune":
            await prune(state, (rule,), records.append)
        else:
            records = [
                record
                for record in await usage(state)
                if all(each.matches(record) for each in rule.filters)
            ]
        return records, free_space(state)[1]


def _document(record: UsageRecord) -> dict[str, Any]:
    """As ``docker buildx du --format json`` has it."""
    return {
        "ID": record.id,
        "Parents": list(record.parents) or None,
        "CreatedAt": sizes.moment(record.created),
        "Mutable": record.mutable,
        "Reclaimable": record.reclaimable,
        "Shared": record.shared,
        "Size": record.size,
        "Description": record.description,
        "LastUsedAt": None if record.used is None else sizes.moment(record.used),
        "Type": record.type,
    }


def _table(records: Sequence[UsageRecord]) -> str:
    from tabulate import tabulate

    rows = [
        (
            record.id + ("*" if record.mutable else ""),
            str(record.reclaimable).lower(),
            sizes.size(record.size) + ("*" if record.shared else ""),
            "" if record.used is None else sizes.moment(record.used),
            plain(record.description)[:60],
        )
        for record in records
    ]
    headers = ("ID", "RECLAIMABLE", "SIZE", "LAST ACCESSED", "DESCRIPTION")
    return tabulate(rows, headers=headers, tablefmt="plain", disable_numparse=True) + "\n"


def _details(records: Sequence[UsageRecord]) -> str:
    blocks = []
    for record in records:
        rows = [f"{key + ':':<14}{plain(str(value))}" for key, value in _document(record).items()]
        blocks.append("\n".join(rows) + "\n")
    return "\n".join(blocks)


def _totals(action: str, records: Sequence[UsageRecord], free: int) -> str:
    total = sum(record.size for record in records)
    if action == "prune":
        return f"Total: {sizes.size(total)} ({sizes.size(free)} of the disk are free)\n"
    shared = sum(record.size for record in records if record.shared)
    able = sum(record.size for record in records if record.reclaimable)
    rows = (
        ("Shared:", shared),
        ("Private:", total - shared),
        ("Reclaimable:", able),
        ("Total:", total),
    )
    return "".join(f"{name:<14}{sizes.size(size)}\n" for name, size in rows)
