"""A Nexus, and no docker repository at the port or path that was asked."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import (
    answer_evidence,
    asking,
    contacted_as,
    severity_of,
    subject_of,
)
from regdoctor.checks.nexus.traits import version_told
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import Ping
from regdoctor.observations.network import Role
from regdoctor.observations.nexus import NexusPort
from regdoctor.observations.products import is_nexus
from regdoctor.observations.store import Observations


class NoConnector(Check):
    """404 with Nexus's own page on /v2/: the port of the user interface, or a proxy that does
    not rewrite the path. Whether the repository is behind it, its own path tells."""

    code = "nexus-docker-login-404-no-connector"
    summary = "the port is a Nexus's, and no docker repository answers on it"
    needs = (Ping,)
    question = "does a docker repository of the Nexus answer on this port?"
    probe = "ping"
    supersedes = ("registry-unexpected-answer", "blob-unexpected-answer")
    texts = (
        "login attempt to * failed with status: 404 Not Found",
        "error parsing HTTP 404 response body: invalid character '<' looking for beginning",
    )
    products = ("nexus",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            ping, role = seen.get(Ping, endpoint), seen.get(Role, endpoint)
            if ping is None or (role and role.kind in ("realm", "redirect")):
                continue
            if ping.answer.status not in (400, 404) or not is_nexus(ping.answer):
                continue
            breaks = asking(seen, endpoint)
            if not breaks:
                continue
            port = seen.get(NexusPort, endpoint)
            subject, as_what = subject_of(endpoint), contacted_as(seen, endpoint)
            told = [ping.answer, *([port.status] if port else [])]
            evidence = [answer_evidence(ping.answer, "ping")]
            if port is not None and port.status.status == 200:
                evidence.append(answer_evidence(port.status, "nexus-port"))
            if port is not None and port.there and port.routed is not None:
                evidence.append(answer_evidence(port.routed, "nexus-port"))
            evidence.append(Evidence(f"the answers are those of {version_told(told)}", "ping"))
            yield Finding(
                code=self.code,
                title=f"{subject}{f' ({as_what})' if as_what else ''} is a Nexus, but no docker "
                f"repository answers on this port ({ping.answer.status} on /v2/)" + _where(port),
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=tuple(evidence),
                breaks=breaks,
            )


def _where(port: NexusPort | None) -> str:
    if port is not None and port.there:
        return f"; repository {port.repository} is there, without path based routing"
    if port is not None and port.status.status == 200:
        return ": it is the port of the user interface"
    return ""


CHECK = NoConnector()
