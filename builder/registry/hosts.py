"""A host of a domain: one URL that a client contacts for its references, in its order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode

from builder.oci.reference import DOCKER_HUB
from builder.transport.endpoint import Endpoint
from builder.transport.trust import Trust

Capability = Literal["pull", "resolve", "push"]
Role = Literal["mirror", "origin"]

HUB_HOST = "registry-1.docker.io"
"""Where docker.io's API is, for BuildKit, containerd and dockerd."""

PULL: frozenset[Capability] = frozenset({"pull", "resolve"})
ALL: frozenset[Capability] = frozenset({"pull", "resolve", "push"})


@dataclass(frozen=True, slots=True)
class Host:
    """``path`` is the prefix of every request: ``/v2``, or ``/v2/prefix`` of a mirror.

    ``domain`` is the part of the references that this host is asked about (``docker.io``).
    ``http_fallback``: where https meets a server that speaks http, http is tried;
    ``https_upgrade``: where http meets a server that speaks TLS, https is.
    """

    domain: str
    endpoint: Endpoint
    trust: Trust = field(repr=False)
    path: str = "/v2"
    role: Role = "origin"
    capabilities: frozenset[Capability] = ALL
    http_fallback: bool = False
    https_upgrade: bool = False
    connect_timeout: float = 30.0

    @property
    def ns(self) -> str:
        """What ``?ns=`` says: the domain where another host stands in for it, else nothing."""
        authority = self.endpoint.authority
        literal = f"{self.endpoint.hostname}:{self.endpoint.port}"
        if self.domain.lower() in (authority, literal):
            return ""
        if self.domain == DOCKER_HUB and authority == HUB_HOST:
            return ""
        return self.domain

    @property
    def base(self) -> str:
        """``https://host/v2``, without a final slash."""
        return self.endpoint.url + self.path

    def url(self, repository: str, rest: str, query: Mapping[str, str] | None = None) -> str:
        """The URL of ``rest`` (``manifests/latest``) in ``repository``, with ``ns`` where due."""
        pairs = dict(query or {})
        if self.ns:
            pairs["ns"] = self.ns
        tail = f"?{urlencode(pairs, safe=':/')}" if pairs else ""
        return f"{self.base}/{repository}/{rest}{tail}"

    def __str__(self) -> str:
        return self.base
