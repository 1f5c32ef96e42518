"""EXPOSE arguments: ``[ip:]host:container[/proto]``, ranges, as ``port/proto`` values."""

from __future__ import annotations

import ipaddress
import re

from builder.events import SourceRange
from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.lint import Linter

_PROTOCOLS = ("tcp", "udp", "sctp")


def parse_ports(text: str, linter: Linter, ranges: tuple[SourceRange, ...]) -> list[str]:
    """Every ``port/proto`` that ``text`` names. Raises DockerfileError."""
    parts = text.split(":")
    container = parts[-1]
    host_port = parts[-2] if len(parts) > 1 else ""
    address = ":".join(parts[:-2])
    port, _, protocol = container.partition("/")
    if not port:
        raise DockerfileError(f"no port specified: {container}<empty>")
    if protocol.lower() not in ("", *_PROTOCOLS):
        raise DockerfileError(f"invalid proto: {protocol.lower()}")
    if protocol != protocol.lower():
        linter.warn(
            "ExposeProtoCasing",
            f"Defined protocol '{text}' in EXPOSE instruction should be lowercase",
            ranges,
        )
    if len(parts) > 1:
        linter.warn(
            "ExposeInvalidFormat",
            "EXPOSE instruction should not define an IP address or host-port mapping, "
            f"found '{text}'",
            ranges,
        )
    _check_address(address)
    bounds = _range(port)
    if bounds is None:
        raise DockerfileError(f"invalid containerPort: {port}")
    _check_host(host_port, port, bounds)
    low, high = bounds
    return [f"{number}/{protocol.lower() or 'tcp'}" for number in range(low, high + 1)]


def _check_address(address: str) -> None:
    bare = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    if not bare:
        return
    try:
        ipaddress.ip_address(bare)
    except ValueError as error:
        raise DockerfileError(f"invalid IP address: {address}") from error


def _check_host(host: str, container: str, bounds: tuple[int, int]) -> None:
    if not host:
        return
    found = _range(host)
    if found is None:
        raise DockerfileError(f"invalid hostPort: {host}")
    if bounds[1] - bounds[0] != found[1] - found[0] and bounds[0] != bounds[1]:
        raise DockerfileError(
            f"invalid ranges specified for container and host Ports: {container} and {host}"
        )


def _range(text: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"(\d{1,20})(?:-(\d{1,20}))?", text, re.ASCII)
    if match is None:
        return None
    low = int(match[1])
    high = int(match[2]) if match[2] else low
    return (low, high) if low <= high <= 0xFFFF else None
