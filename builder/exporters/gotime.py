"""Times as Go writes them in JSON (RFC 3339, trailing zeros of the fraction left out)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_SECOND = 10**9
_FORM = re.compile(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)")


def format_time(nanoseconds: int) -> str:
    """Nanoseconds since the epoch, in UTC."""
    seconds, rest = divmod(nanoseconds, _SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{text}{fraction}Z"


def parse_time(text: str) -> int | None:
    """Nanoseconds since the epoch; None for what is no RFC 3339 time."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    zone = "+00:00" if found[3] in "Zz" else found[3]
    try:
        moment = datetime.fromisoformat(found[1].upper() + zone)
    except ValueError:
        return None
    return int(moment.timestamp()) * _SECOND + int((found[2] or "").ljust(9, "0")[:9])
