"""What this host lets a build do, found out by doing it.

An overlay is mounted, a container run with each runtime, a network connected each way; what
that made is removed again.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from builder.errors import BuilderError
from builder.executor import idmaps, runtime
from builder.executor.network.types import NetworkError
from builder.executor.network.ways import WAYS
from builder.executor.rootless import enter_namespaces
from builder.snapshot.drivers import choose_snapshotter
from builder.transport.invoker import invoking_uid


@dataclass(frozen=True, slots=True)
class HostTrial:
    """``refused``: why nothing can be built, with ``remedy``; the rest is empty then.

    ``limit``: what one user id cannot do. ``driver``: overlay or copy, ``no_overlay`` why not
    overlay. ``sandboxes`` and ``networks``: each with what it said, ``""`` where it works, in
    the order in which a build takes them. ``lent``: how many user and group ids the asking
    user may have besides the own ones; ``helpers``: the programs that map them are there.
    """

    refused: str = ""
    remedy: str = ""
    limit: str = ""
    driver: str = ""
    no_overlay: str = ""
    sandboxes: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, str] = field(default_factory=dict)
    lent: tuple[int, int] = (0, 0)
    helpers: bool = False


def try_host(state: Path) -> HostTrial:
    """``state``: the state directory of builds, made or not. Blocks for a second or so.

    Moves this process into the namespaces of a build, for good: call it in a child, before
    threads are started.
    """
    user = invoking_uid()
    users, groups = (
        sum(count for _, count in idmaps.lent(user, Path("/etc", name)))
        for name in ("subuid", "subgid")
    )
    try:
        found = _tried(state)
    except (BuilderError, OSError) as error:
        found = HostTrial(refused=str(error), remedy=getattr(error, "hint", ""))
    return replace(found, lent=(users, groups), helpers=idmaps.helpers())


def _tried(state: Path) -> HostTrial:
    limit = enter_namespaces()
    place = next(each for each in (state, *state.absolute().parents) if each.is_dir())
    if not os.access(place, os.W_OK):
        return HostTrial(refused=f"{place} may not be written", remedy="name another with --root")
    with tempfile.TemporaryDirectory(prefix=".regdoctor-trial-", dir=place) as scratch:
        opened = choose_snapshotter(Path(scratch) / "snapshots")
        opened.snapshotter.close()
        sandboxes = asyncio.run(_sandboxes(Path(scratch)))
        networks = {name: _network(name, Path(scratch)) for name in WAYS}
    return HostTrial(
        limit=limit,
        driver=opened.snapshotter.name,
        no_overlay=str(opened.why or ""),
        sandboxes=sandboxes,
        networks=networks,
    )


async def _sandboxes(scratch: Path) -> dict[str, str]:
    """Those with cgroups first, as builds take them; without them only where they failed."""
    found: dict[str, str] = {}
    options = runtime.candidates("auto")
    for option in options:
        if not option.cgroups and found.get(option.name) == "":
            continue
        found[option.label] = await runtime.trial(scratch, option) or ""
    return found


def _network(name: str, scratch: Path) -> str:
    """``""`` where a namespace was connected, else why not."""
    way = WAYS[name](scratch)
    try:
        way.attach().close()
    except NetworkError as error:
        return str(error).removeprefix(f"{name}: ")
    except OSError as error:
        return (error.strerror or str(error)).lower()
    finally:
        way.close()
    return ""
