"""Which regdoctor this is."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """The installed version; ``0`` where the tree runs without being installed."""
    try:
        return metadata.version("regdoctor")
    except metadata.PackageNotFoundError:
        return "0"
