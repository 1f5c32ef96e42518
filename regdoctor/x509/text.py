"""Go's ways of writing values in messages: times and addresses."""

from __future__ import annotations

import datetime as dt
import ipaddress


def rfc3339(moment: dt.datetime) -> str:
    """``time.RFC3339``: whole seconds, ``Z`` for UTC, else the moment's own offset."""
    offset = moment.utcoffset() or dt.timedelta(0)
    seconds = int(offset.total_seconds())
    text = (
        f"{moment.year:04}-{moment.month:02}-{moment.day:02}"
        f"T{moment.hour:02}:{moment.minute:02}:{moment.second:02}"
    )
    if not seconds:
        return text + "Z"
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{text}{'-' if seconds < 0 else '+'}{hours:02}:{minutes:02}"


def network(value: ipaddress.IPv4Interface | ipaddress.IPv6Interface) -> str:
    """``net.IPNet.String``: bits outside the mask stay, IPv4-mapped is written as IPv4."""
    if isinstance(value, ipaddress.IPv6Interface) and value.ip.ipv4_mapped is not None:
        return f"{value.ip.ipv4_mapped}/{max(0, value.network.prefixlen - 96)}"
    return str(value)


def address(value: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """``net.IP.String``: an IPv4-mapped address is written as IPv4, a zone is left out."""
    if isinstance(value, ipaddress.IPv6Address):
        if value.ipv4_mapped is not None:
            return str(value.ipv4_mapped)
        return str(value).partition("%")[0]
    return str(value)
