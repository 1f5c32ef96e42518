"""Which driver this host can use."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from builder.snapshot.copying import CopySnapshotter
from builder.snapshot.overlay import OverlayRefused, OverlaySnapshotter
from builder.snapshot.store import StoredSnapshotter
from builder.snapshot.types import SnapshotError

DRIVERS = {"overlay": OverlaySnapshotter, "copy": CopySnapshotter}


class OpenedSnapshotter(Struct, frozen=True):
    """``why`` is the error that ruled overlay out; None where it works or was not tried."""

    snapshotter: StoredSnapshotter
    why: SnapshotError | None = None


def choose_snapshotter(root: Path, driver: str = "auto") -> OpenedSnapshotter:
    """Open ``root`` with ``driver`` (``overlay``, ``copy``, or ``auto``: the first that works).

    Overlay is tried by really mounting. Each driver has a directory of its own in ``root``.
    Raises SnapshotError where the driver asked for does not work.
    """
    if driver not in ("auto", *DRIVERS):
        raise SnapshotError(
            f"unknown snapshot driver {driver!r}", hint="choose auto, overlay or copy"
        )
    why: SnapshotError | None = None
    if driver in ("auto", "overlay"):
        try:
            return OpenedSnapshotter(OverlaySnapshotter(root / "overlay"))
        except OverlayRefused as error:
            if driver == "overlay":
                raise
            why = error
    return OpenedSnapshotter(CopySnapshotter(root / "copy"), why)


def open_snapshotter(root: Path, driver: str = "auto") -> StoredSnapshotter:
    """``choose_snapshotter`` where nobody asks why; ``snapshotter.name`` says which."""
    return choose_snapshotter(root, driver).snapshotter
