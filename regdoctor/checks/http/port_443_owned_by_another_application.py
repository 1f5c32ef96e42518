"""The registry is on port 80, and something else has port 443 of its host."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import ClearPort, Ping
from regdoctor.observations.store import Observations


class OtherApplication(Check):
    """Any answer in TLS, 404 too, keeps clients from trying plain HTTP."""

    code = "port-443-owned-by-another-application"
    summary = "another application has port 443 of the host, and the registry is on port 80"
    needs = (ClearPort,)
    question = "does a registry answer in the clear on port 80 of that host?"
    probe = "port-80"
    supersedes = ("registry-unexpected-answer",)
    symptoms = ("a registry in insecure-registries is asked by https alone, and answers 404",)
    clients = ("docker", "buildkit", "containerd", "podman")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            clear, ping = seen.get(ClearPort, endpoint), seen.get(Ping, endpoint)
            if clear is None or ping is None or not clear.registry_like:
                continue
            subject, breaks = subject_of(endpoint), asking(seen, endpoint)
            yield Finding(
                code=self.code,
                title=f"port 443 of {subject} belongs to another application "
                f"({ping.answer.status} on /v2/); the registry answers in plain HTTP on port 80",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    answer_evidence(ping.answer, "ping"),
                    answer_evidence(clear.answer, "port-80"),
                ),
                breaks=breaks,
            )


CHECK = OtherApplication()
