"""Which proxy a URL goes through, as Go's ``http.ProxyFromEnvironment`` decides it."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from builder.errors import BuilderError
from builder.transport.endpoint import Endpoint

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_Rule = Callable[[str, str], bool]


class InvalidProxy(BuilderError):
    """The proxy that the environment names cannot be used."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy; ``credential`` is ``user, password`` where its URL has them."""

    scheme: str
    host: str
    port: int
    credential: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Without the credential."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Proxy:
        """A value without a scheme is an http proxy. Raises InvalidProxy."""
        try:
            parts = urlsplit(text)
            if not parts.scheme or not parts.netloc:
                parts = urlsplit("http://" + text)
            port = parts.port
        except ValueError as error:
            raise InvalidProxy(f"invalid proxy address {_redacted(text)!r}: {error}") from error
        if parts.scheme not in _PORTS or not parts.hostname:
            raise InvalidProxy(f"invalid proxy address {_redacted(text)!r}: no http or https URL")
        credential = None
        if parts.username is not None:
            credential = (unquote(parts.username), unquote(parts.password or ""))
        return cls(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], credential)


def _redacted(text: str) -> str:
    return text.rpartition("@")[2]


class ProxyRules:
    """``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY`` (or lower case) of one environment.

    The upper-case name wins; ``ALL_PROXY`` is not read. With ``REQUEST_METHOD`` set (CGI),
    ``HTTP_PROXY`` may come from a client and is not used.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        env = os.environ if environ is None else environ
        self._https = _first(env, "HTTPS_PROXY")
        self._http = "" if env.get("REQUEST_METHOD") else _first(env, "HTTP_PROXY")
        self._rules = _rules(_first(env, "NO_PROXY"))

    def proxy_for(self, endpoint: Endpoint) -> Proxy | None:
        """The proxy for ``endpoint``, None for a direct connection. Raises InvalidProxy."""
        text = self._https if endpoint.scheme == "https" else self._http
        if not text or endpoint.loopback:
            return None
        if any(rule(endpoint.host, str(endpoint.port)) for rule in self._rules):
            return None
        return Proxy.parse(text)


def _first(env: Mapping[str, str], name: str) -> str:
    return env.get(name) or env.get(name.lower()) or ""


def _rules(no_proxy: str) -> list[_Rule]:
    rules: list[_Rule] = []
    for word in no_proxy.split(","):
        entry = word.strip().lower()
        if not entry:
            continue
        if entry == "*":
            return [lambda _host, _port: True]
        rule = _rule(entry)
        if rule is not None:
            rules.append(rule)
    return rules


def _rule(entry: str) -> _Rule | None:
    if "/" in entry:
        try:
            network = ipaddress.ip_network(entry, strict=False)
        except ValueError:
            network = None  # a URL, say: matches nothing, by the rules below
        if network is not None:
            return lambda host, _port: (ip := _ip(host)) is not None and ip in network
    name, port = _split_port(entry)
    if not name:
        return None
    literal = _ip(name)
    if literal is not None:
        return lambda host, given: _ip(host) == literal and port in ("", given)
    suffix = name[1:] if name.startswith("*.") else name
    exact = "" if suffix.startswith(".") else suffix
    dotted = suffix if suffix.startswith(".") else "." + suffix
    return lambda host, given: (host.endswith(dotted) or host == exact) and port in ("", given)


def _split_port(entry: str) -> tuple[str, str]:
    """``host, port`` as Go's SplitHostPort; the port is empty where there is none."""
    if entry.startswith("["):
        host, bracket, rest = entry[1:].partition("]")
        return (host, rest.removeprefix(":")) if bracket else (entry, "")
    if entry.count(":") == 1:
        host, _, port = entry.partition(":")
        return host, port
    return entry, ""


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
