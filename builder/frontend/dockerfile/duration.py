"""Go's ``time.Duration``: reading and printing, in nanoseconds."""

from __future__ import annotations

import re

from builder.frontend.dockerfile.errors import ParseError

_UNITS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_PART = re.compile(r"(\d*)(?:\.(\d*))?([^\d.]*)", re.ASCII)
_LIMIT = (1 << 63) - 1


def _quoted(text: str) -> str:
    """As package ``time`` quotes: what is no plain ASCII byte by byte."""
    out = []
    for char in text:
        if " " <= char < "\x80":
            out.append(f"\\{char}" if char in '"\\' else char)
        else:
            out += [f"\\x{byte:02x}" for byte in char.encode(errors="surrogateescape")]
    return f'"{"".join(out)}"'


def parse_duration(text: str) -> int:
    """``1m30s`` and the like. Raises ParseError in Go's words."""
    sign, rest = 1, text
    if rest[:1] in ("-", "+"):
        sign, rest = (-1 if rest[0] == "-" else 1), rest[1:]
    if rest == "0":
        return 0
    total = 0
    position = 0
    while position < len(rest):
        match = _PART.match(rest, position)
        if match is None or match.end() == position or not (match[1] or match[2]):
            raise ParseError(f"time: invalid duration {_quoted(text)}")
        whole, fraction, unit = match[1] or "0", match[2] or "", match[3]
        if not unit:
            raise ParseError(f"time: missing unit in duration {_quoted(text)}")
        scale = _UNITS.get(unit)
        if scale is None:
            raise ParseError(f"time: unknown unit {_quoted(unit)} in duration {_quoted(text)}")
        if len(whole) > 20:
            raise ParseError(f"time: invalid duration {_quoted(text)}")
        total += int(whole) * scale + int(fraction[:30] or 0) * scale // 10 ** len(fraction[:30])
        position = match.end()
    if position == 0 or total > _LIMIT:
        raise ParseError(f"time: invalid duration {_quoted(text)}")
    return sign * total


def format_duration(nanoseconds: int) -> str:
    """As Go prints a Duration: ``1m30s``, ``1.5s``, ``2ms``, ``0s``."""
    if nanoseconds == 0:
        return "0s"
    sign, value = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    for unit, scale in (("ns", 1), ("µs", 10**3), ("ms", 10**6)):
        if value < scale * 1000:
            return sign + _decimal(value, scale) + unit
    minutes, rest = divmod(value, _UNITS["m"])
    seconds = _decimal(rest, _UNITS["s"]) + "s"
    if not minutes:
        return sign + seconds
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{f'{hours}h' if hours else ''}{minutes}m{seconds}"


def _decimal(value: int, scale: int) -> str:
    whole, rest = divmod(value, scale)
    digits = str(rest).rjust(len(str(scale)) - 1, "0").rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)
