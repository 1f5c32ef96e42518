"""``host[:port]`` taken apart."""

from __future__ import annotations

import ipaddress


def host_of(authority: str) -> str:
    """The host, an IPv6 address without brackets."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.rpartition(":")[0] if ":" in authority else authority


def port_of(authority: str) -> str:
    """The port as written, or nothing."""
    if authority.startswith("["):
        return authority.partition("]")[2].removeprefix(":")
    return authority.rpartition(":")[2] if ":" in authority else ""


def loopback(authority: str) -> bool:
    """``localhost`` or an address literal of loopback; no name is looked up."""
    host = host_of(authority)
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
