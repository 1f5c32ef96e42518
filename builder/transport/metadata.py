"""Addresses of clouds' metadata services, where a host's own secrets are to be had.

No server may send us there: neither as the realm of a challenge nor by a redirect.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

_NAMES = frozenset(("metadata", "metadata.google.internal", "instance-data"))
_NETWORKS = tuple(
    ipaddress.ip_network(text)
    for text in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32")
)


def is_metadata(host: str) -> bool:
    """Whether ``host`` (a name, or a literal without brackets) is one, or link-local."""
    if host.rstrip(".").lower() in _NAMES:
        return True
    try:
        # inet_aton also reads 2852039166 and 0xa9.0xfe.43518, as resolvers do
        address: Any = ipaddress.ip_address(socket.inet_aton(host))
    except (OSError, ValueError):
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
    return any(address.version == net.version and address in net for net in _NETWORKS)
