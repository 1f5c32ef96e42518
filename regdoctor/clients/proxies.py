"""Go's ProxyFromEnvironment: which proxy a URL goes through."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from regdoctor.clients.authority import host_of, port_of

DEFAULT_PORTS = {"https": "443", "http": "80"}


@dataclass(frozen=True, slots=True)
class Proxies:
    """``https`` and ``http`` are the proxies' URLs as written, ``""`` for none."""

    https: str = ""
    http: str = ""
    never: tuple[str, ...] = ()

    def proxy_of(self, scheme: str, authority: str) -> str:
        """The proxy's URL for ``scheme://authority``, ``""`` where it is reached directly."""
        chosen = self.https if scheme == "https" else self.http
        host = host_of(authority).lower().rstrip(".")
        port = port_of(authority) or DEFAULT_PORTS.get(scheme, "")
        if not chosen or self._direct(host, port):
            return ""
        return chosen if "://" in chosen else f"http://{chosen}"

    def _direct(self, host: str, port: str) -> bool:
        if host == "localhost":
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            address = None
        if address is not None and address.is_loopback:
            return True
        return any(_covers(entry, host, port, address) for entry in self.never)


def _covers(
    entry: str,
    host: str,
    port: str,
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | None,
) -> bool:
    if entry == "*":
        return True
    try:
        network = ipaddress.ip_network(entry, strict=False)
    except ValueError:
        pass
    else:
        return address is not None and address in network
    wanted, wanted_port = (host_of(entry), port_of(entry)) if ":" in entry else (entry, "")
    if wanted_port and wanted_port != port:
        return False
    try:
        return ipaddress.ip_address(wanted) == address
    except ValueError:
        pass
    if not wanted:
        return False
    if wanted.startswith("*."):
        wanted = wanted[1:]
    if wanted.startswith("."):
        return host.endswith(wanted)
    return host == wanted or host.endswith(f".{wanted}")


def from_environment(environment: Mapping[str, str], go: tuple[int, int]) -> Proxies:
    """The proxies of a process. Go before 1.16 takes HTTP_PROXY for https URLs as well."""
    https = _either(environment, "HTTPS_PROXY")
    http = _either(environment, "HTTP_PROXY")
    if environment.get("REQUEST_METHOD"):
        http = ""
    if not https and go < (1, 16):
        https = http
    return Proxies(https, http, split(_either(environment, "NO_PROXY")))


def split(written: str) -> tuple[str, ...]:
    """The entries of a NO_PROXY list."""
    return tuple(entry for each in written.split(",") if (entry := each.strip().lower()))


def _either(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name) or environment.get(name.lower()) or ""
