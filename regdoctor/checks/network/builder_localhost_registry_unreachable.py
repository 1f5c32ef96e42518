"""localhost is another machine to a builder in a container."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.clients.authority import loopback
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.host import HostFiles
from regdoctor.observations.http import Ping
from regdoctor.observations.network import Role
from regdoctor.observations.proxies import builders
from regdoctor.observations.store import HOST, Observations


class BuilderLocalhost(Check):
    """The registry answers here; the builder's loopback is its own."""

    code = "builder-localhost-registry-unreachable"
    summary = "the registry is on localhost, which in a builder's container is the builder itself"
    needs = (Ping,)
    question = "does the builder share the network of this host?"
    probe = "ping"
    texts = (
        "http://localhost:*/v2/: dial tcp *: connect: connection refused",
        "https://localhost:*: dial tcp *: connection refused",
        'Get "http*://localhost:*/v2/": dial tcp *: connect: connection refused',
    )
    clients = ("buildkit", "docker-desktop")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        files = seen.get(HostFiles, HOST) or HostFiles()
        apart = [name for name, options in builders(files) if options.get("network") != "host"]
        for endpoint in seen.endpoints() if apart else ():
            role, ping = seen.get(Role, endpoint), seen.get(Ping, endpoint)
            if role is None or ping is None or not ping.answer.status:
                continue
            subject = subject_of(endpoint)
            if role.kind != "registry" or not loopback(subject):
                continue
            breaks = ("buildkit",)
            yield Finding(
                code=self.code,
                title=f"{subject} answers on this host, and the builder {apart[0]} runs in a "
                "container, where that address is the container's own",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    answer_evidence(ping.answer, "ping"),
                    Evidence(
                        f"the builder {apart[0]} has the driver docker-container, without "
                        "network=host",
                        "files",
                        {"builders": apart},
                    ),
                ),
                breaks=breaks,
            )


CHECK = BuilderLocalhost()
