"""EXPOSE arguments: ``[ip:]host:container[/proto]``, ranges, as ``port/proto`` values."""

from __future__ import annotations

import ipaddress
import re

from builder.events import SourceRange
from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.lint import Linter
from builder.oci.goquote import go_quote

_PROTOCOLS = ("tcp", "udp", "sctp")


def parse_ports(text: str, linter: Linter, ranges: tuple[SourceRange, ...]) -> list[str]:
    """Every ``port/proto`` that ``text`` names. Raises DockerfileError."""
    *before, container = text.split(":")
    host_port = before.pop() if before else ""
    address = ":".join(before)
    port, _, protocol = container.partition("/")
    if not port:
        raise DockerfileError(f"invalid port: {go_quote(text)}: no port specified")
    if protocol.lower() not in ("", *_PROTOCOLS):
        raise DockerfileError(f"invalid port: {go_quote(text)}: invalid proto: {protocol}")
    if protocol != protocol.lower():
        linter.warn(
            "ExposeProtoCasing",
            f"Defined protocol '{text}' in EXPOSE instruction should be lowercase",
            ranges,
        )
    if address or host_port:
        linter.warn(
            "ExposeInvalidFormat",
            "EXPOSE instruction should not define an IP address or host-port mapping, "
            f"found '{text}'",
            ranges,
        )
    if address:
        _check_address(address)
    bounds = _range(port)
    if bounds is None:
        raise DockerfileError(f"invalid containerPort: {port}")
    if host_port:
        _check_host(host_port, port, bounds)
    low, high = bounds
    return [f"{number}/{protocol.lower() or 'tcp'}" for number in range(low, high + 1)]


def _check_address(text: str) -> None:
    bare = _without_brackets(text) if text.startswith("[") else text
    try:
        if "%" in bare:
            raise ValueError("a zone")
        ipaddress.ip_address(bare)
    except ValueError as error:
        raise DockerfileError(f"invalid IP address: {bare}") from error


def _without_brackets(text: str) -> str:
    """What ``net.SplitHostPort`` makes of ``text`` and a colon behind it."""
    end = text.find("]")
    if end < 0:
        why = "missing ']' in address"
    elif end + 1 != len(text):
        why = "too many colons in address" if text[end + 1] == ":" else "missing port in address"
    elif "[" in text[1:]:
        why = "unexpected '[' in address"
    else:
        return text[1:end]
    raise DockerfileError(f"invalid IP address {text}: address {text}:: {why}")


def _check_host(host: str, container: str, bounds: tuple[int, int]) -> None:
    found = _range(host)
    if found is None:
        raise DockerfileError(f"invalid hostPort: {host}")
    if bounds[1] - bounds[0] != found[1] - found[0] and bounds[0] != bounds[1]:
        raise DockerfileError(
            f"invalid ranges specified for container and host Ports: {container} and {host}"
        )


def _range(text: str) -> tuple[int, int] | None:
    start, dash, end = text.partition("-")
    low = _number(start)
    high = _number(end) if dash and start != end else low
    return None if low is None or high is None or high < low else (low, high)


def _number(text: str) -> int | None:
    if re.fullmatch(r"[+-]?\d{1,50}", text, re.ASCII) is None:
        return None
    return int(text) if 0 <= int(text) <= 0xFFFF else None
