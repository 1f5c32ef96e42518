"""Which colour a finished line has: BuildKit's defaults, ``BUILDKIT_COLORS``, ``NO_COLOR``."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
RESET = "\x1b[0m"
FAINT = "\x1b[2m"


class Palette(Struct, frozen=True):
    """Escape sequences that start a colour; "" for none."""

    run: str = "\x1b[34m"
    cancel: str = "\x1b[33m"
    error: str = "\x1b[31m"
    warning: str = "\x1b[33m"


def palette(environ: Mapping[str, str]) -> Palette:
    """``BUILDKIT_COLORS=run=green:error=255,0,0`` over the defaults; none with ``NO_COLOR``.

    Entries that cannot be understood are passed over, as BuildKit does.
    """
    if environ.get("NO_COLOR"):
        return Palette("", "", "", "")
    chosen = Palette()
    for entry in environ.get("BUILDKIT_COLORS", "").split(":"):
        key, _, value = entry.partition("=")
        key = key.strip().lower()
        color = _color(value.strip().lower())
        if color and key in ("run", "cancel", "error", "warning"):
            chosen = replace(chosen, **{key: color})
    return chosen


def _color(text: str) -> str:
    if text == "default":
        return "\x1b[39m"
    bright = text.startswith("light-")
    name = text.removeprefix("light-")
    if name in _NAMES:
        return f"\x1b[{(90 if bright else 30) + _NAMES.index(name)}m"
    parts = text.split(",")
    if len(parts) == 3 and all(p.strip().isdigit() and int(p) <= 255 for p in parts):
        red, green, blue = (round(int(p) / 255 * 5) for p in parts)
        return f"\x1b[38;5;{16 + 36 * red + 6 * green + blue}m"
    return ""
