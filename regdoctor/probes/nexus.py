"""Where the docker repositories of a Nexus are, when the port that was asked has none."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from builder.registry import Host, Session
from builder.transport import Endpoint, Trust
from regdoctor.observations.http import ManifestLook, Ping
from regdoctor.observations.nexus import NexusPort
from regdoctor.observations.products import is_nexus
from regdoctor.observations.store import Observations
from regdoctor.probes.http import ask


@dataclass(frozen=True, slots=True)
class NexusPortProbe:
    """Asked only of a Nexus that gave 404 for ``/v2/``; reads, and sends no credentials.

    ``resolved``: of these domains an image is asked for, whose name says where to look.
    """

    session: Session
    hosts: Mapping[str, Host]
    resolved: frozenset[str]
    timeout: float = 10.0

    name = "nexus-port"
    gives = NexusPort
    needs: tuple[type, ...] = (Ping,)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        ping, host = seen.get(Ping, endpoint.url), self.hosts.get(endpoint.url)
        if ping is None or host is None or ping.answer.status not in (400, 404):
            return False
        asked = host.domain not in self.resolved or seen.has(ManifestLook, endpoint.url)
        return asked and is_nexus(ping.answer)

    async def observe(self, endpoint: Endpoint, seen: Observations) -> NexusPort:
        host, ping = self.hosts[endpoint.url], seen.get(Ping, endpoint.url)
        unverified = Trust(host.trust.roots, True, host.trust.client_certificates)
        trust = host.trust if ping is not None and ping.verified else unverified
        looks = [look for _, look in seen.named(ManifestLook, endpoint.url)]
        repository = looks[0].repository.partition("/")[0] if looks else ""
        paths = ["/service/rest/v1/status"]
        paths += [f"/repository/{repository}/v2/"] if repository else []
        status, *routed = await asyncio.gather(
            *(ask(self.session, endpoint, trust, self.timeout, "GET", path) for path in paths)
        )
        return NexusPort(status, repository, routed[0] if routed else None)
