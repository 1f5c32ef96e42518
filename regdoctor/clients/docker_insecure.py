"""``insecure-registries``: which registries dockerd takes for insecure (registry/config.go)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from regdoctor.clients.docker_daemon import DoesNotStart

_ALWAYS = ("127.0.0.0/8", "::1/128")
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST_PORT = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::(?P<port>[0-9]+))?")
_LOCALHOST = ("127.0.0.1", "::1")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Insecure:
    """``exact`` are ``host[:port]`` letter for letter; ``networks`` cover addresses, and names
    through ``addresses``, what they resolve to."""

    exact: frozenset[str]
    networks: tuple[Network, ...]
    addresses: Mapping[str, tuple[str, ...]]

    def covers(self, host: str) -> bool:
        """Is ``host[:port]``, as contacted, insecure? Docker Hub's own name never is."""
        if host == "docker.io":
            return False
        return host in self.exact or self.by_network(host)

    def by_network(self, host: str) -> bool:
        """Is it insecure for its address alone, loopback included?"""
        return any(
            address in network for address in self._addresses(host) for network in self.networks
        )

    def _addresses(self, host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
        name = _without_port(host)
        try:
            return [ipaddress.ip_address(name)]
        except ValueError:
            pass
        known = self.addresses.get(name, _LOCALHOST if name == "localhost" else ())
        return [ipaddress.ip_address(each) for each in known]


def _without_port(host: str) -> str:
    """As net.SplitHostPort: what it cannot split is taken as it is, brackets and all."""
    if host.startswith("["):
        inner, _, port = host[1:].partition("]")
        return inner if port.startswith(":") else host
    return host.partition(":")[0] if host.count(":") == 1 else host


def read_insecure(written: Sequence[str], addresses: Mapping[str, tuple[str, ...]]) -> Insecure:
    """The list of ``daemon.json``, and loopback, which is always in it. Raises DoesNotStart."""
    exact: set[str] = set()
    networks: list[Network] = []
    for each in (*_ALWAYS, *written):
        bare = without_scheme(each)
        network = network_of(bare)
        if network is None:
            _validate(each, bare)
            exact.add(bare)
        elif network not in networks:
            networks.append(network)
    return Insecure(frozenset(exact), tuple(networks), addresses)


def without_scheme(written: str) -> str:
    """An entry without ``http://`` or ``https://``, as dockerd takes it with a warning."""
    for prefix in ("http://", "https://"):
        if written.lower().startswith(prefix):
            return written[len(prefix) :]
    return written


def network_of(bare: str) -> Network | None:
    """The network where it is one in CIDR notation; an address alone is none."""
    if "/" not in bare:
        return None
    try:
        return ipaddress.ip_network(bare, strict=False)
    except ValueError:
        return None


def _validate(written: str, bare: str) -> None:
    if "://" in bare:
        raise DoesNotStart(
            f"failed to start daemon: insecure registry {bare} should not contain '://'"
        )
    found = _HOST_PORT.fullmatch(bare)
    if bare.startswith("-") or bare.endswith("-"):
        raise DoesNotStart(
            f"failed to start daemon: invalid index name ({written}). Cannot begin or end with "
            "a hyphen"
        )
    if found is None and not _is_address(bare):
        raise DoesNotStart(
            f'failed to start daemon: insecure registry {bare} is not valid: invalid host "{bare}"'
        )
    if found is not None and found["port"] and int(found["port"]) > 65535:
        raise DoesNotStart(
            f"failed to start daemon: insecure registry {bare} is not valid: invalid port "
            f'"{found["port"]}"'
        )


def _is_address(bare: str) -> bool:
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return False
    return True
