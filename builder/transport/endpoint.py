"""Where a connection goes: scheme, host and port."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from msgspec import Struct

from builder.errors import BuilderError

_DEFAULT_PORTS = {"http": 80, "https": 443}


class InvalidEndpoint(BuilderError):
    """``text`` names no host that could be contacted over http or https."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(f"invalid address {text!r}: {why}")
        self.text = text


class Endpoint(Struct, frozen=True):
    """One server as a client addresses it. ``host`` is lower case, IPv6 without brackets."""

    scheme: str
    host: str
    port: int

    @property
    def default_port(self) -> bool:
        return _DEFAULT_PORTS.get(self.scheme) == self.port

    @property
    def hostname(self) -> str:
        """``host`` as it stands in a URL: an IPv6 literal in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def authority(self) -> str:
        """``host[:port]`` as in a URL and in ``Host:``; a default port is left out."""
        return self.hostname if self.default_port else f"{self.hostname}:{self.port}"

    @property
    def url(self) -> str:
        """``scheme://authority``, without a final slash."""
        return f"{self.scheme}://{self.authority}"

    @property
    def loopback(self) -> bool:
        """``localhost`` or a loopback literal; a name that resolves there does not count."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return self.url

    @classmethod
    def parse(cls, text: str, *, scheme: str = "https") -> Endpoint:
        """Of a URL (its path is ignored) or of ``host[:port]``, for which ``scheme`` is taken.

        Raises InvalidEndpoint.
        """
        full = text if "://" in text else f"{scheme}://{text}"
        try:
            parts = urlsplit(full)
            port = parts.port
        except ValueError as error:
            raise InvalidEndpoint(text, str(error)) from error
        default = _DEFAULT_PORTS.get(parts.scheme)
        if default is None:
            raise InvalidEndpoint(text, f"unsupported scheme {parts.scheme!r}")
        if not parts.hostname or any(c.isspace() or c < " " for c in parts.netloc):
            raise InvalidEndpoint(text, "no host")
        return cls(parts.scheme, parts.hostname.lower(), default if port is None else port)
