"""The ``/etc/hosts`` and ``/etc/resolv.conf`` that a step sees."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from pathlib import Path

DEFAULT_HOSTNAME = "buildkitsandbox"
PUBLIC_RESOLVERS = ("8.8.8.8", "8.8.4.4")
"""What docker and BuildKit fall back to where a host names only its own loopback."""

RESOLV_CONF = Path("/etc/resolv.conf")
SYSTEMD_RESOLV_CONF = Path("/run/systemd/resolve/resolv.conf")


def hosts(hostname: str, extra: Iterable[tuple[str, str]]) -> str:
    """``extra`` is ``(host, ip)`` as in ``Process.extra_hosts``."""
    lines = [
        f"127.0.0.1\tlocalhost {hostname or DEFAULT_HOSTNAME}",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        *(f"{ip}\t{host}" for host, ip in extra),
    ]
    return "\n".join(lines) + "\n"


def host_resolv_conf() -> str:
    """The host's resolvers; those behind systemd-resolved's stub where that is all it names."""
    text = _read(RESOLV_CONF)
    if _nameservers(text) == ["127.0.0.53"]:
        return _read(SYSTEMD_RESOLV_CONF) or text
    return text


def sandbox_resolv_conf(text: str, resolver: str = "") -> tuple[str, bool]:
    """``text`` for a step that has its own loopback; True where the resolvers were replaced.

    Resolvers on the host's loopback, and link-local ones (they name an interface that the
    step has not), cannot be reached from there and are dropped. ``resolver`` is one that
    the way out offers (slirp's 10.0.2.3); without it and with nothing left, public ones
    are used.
    """
    kept = [line for line in text.splitlines() if not _unreachable(line)]
    if any(line.split()[:1] == ["nameserver"] for line in kept):
        return "\n".join(kept) + "\n", False
    servers = (resolver,) if resolver else PUBLIC_RESOLVERS
    kept += [f"nameserver {server}" for server in servers]
    return "\n".join(kept) + "\n", True


def _unreachable(line: str) -> bool:
    words = line.split()
    if len(words) < 2 or words[0] != "nameserver":
        return False
    try:
        address = ipaddress.ip_address(words[1])
    except ValueError:
        return "%" in words[1]
    return (
        address.is_loopback
        or address.is_unspecified
        or (address.version == 6 and address.is_link_local)
    )


def _nameservers(text: str) -> list[str]:
    lines = (line.split() for line in text.splitlines())
    return [words[1] for words in lines if words[:1] == ["nameserver"] and len(words) > 1]


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
