"""Times, spans, lists and fingerprints in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence


def day(moment: float) -> str:
    """RFC 3339 in UTC, to the second; the moment itself where no calendar has it."""
    try:
        return dt.datetime.fromtimestamp(moment, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"{moment:.0f} s after 1970"


def span(seconds: float) -> str:
    """A length of time in its two largest units: ``3 days 4 h``."""
    left = round(abs(seconds))
    parts = []
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {'day' if unit == 'days' and count == 1 else unit}")
    return " ".join(parts[:2]) or "0 s"


def listed(names: Sequence[str], limit: int = 6) -> str:
    """``a, b and c``; the rest counted."""
    shown = list(names[:limit])
    if len(names) > limit:
        shown.append(f"{len(names) - limit} more")
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def colons(fingerprint: str) -> str:
    """A fingerprint as OpenSSL prints it."""
    upper = fingerprint.upper()
    return ":".join(upper[at : at + 2] for at in range(0, len(upper), 2))
