"""A host as another client would contact it: that client's scheme, and its authorities."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from builder.registry import Host
from builder.transport import Endpoint
from regdoctor.clients.policy import Policy
from regdoctor.clients.table import CLIENTS, policy
from regdoctor.observations.host import HostFiles


def as_client(host: Host, client: str, files: HostFiles) -> Host:
    """``host`` with what ``client`` is configured to do there; unchanged for an unknown client.

    Its authorities come on top of the pool of roots, as they do for the client.
    """
    row = next((each for each in CLIENTS if each.name == client), None)
    if row is None:
        return host
    domain = host.domain if host.role == "mirror" else ""
    return _by(host, policy(files, row, _written(host), domain))


def _by(host: Host, found: Policy) -> Host:
    trust = host.trust
    for pem, source in zip(found.extra, found.sources, strict=False):
        trust = msgspec.structs.replace(trust, roots=trust.roots.with_pem(pem, source))
    if found.insecure or found.plain == "fallback":
        trust = msgspec.structs.replace(trust, insecure=True)
    endpoint = host.endpoint
    if found.plain == "only":
        port = 80 if endpoint.default_port else endpoint.port
        endpoint = Endpoint("http", endpoint.host, port)
    return replace(
        host,
        trust=trust,
        endpoint=endpoint,
        http_fallback=host.http_fallback or found.plain == "fallback",
    )


def _written(host: Host) -> str:
    """What the client's files call the host."""
    named = host.role == "origin" and host.domain != "docker.io"
    return host.domain if named else host.endpoint.authority
