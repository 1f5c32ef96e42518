"""The reverse mistake: http is configured for a port that speaks TLS."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import Ping, asks_for_tls
from regdoctor.observations.store import Observations


class HttpsPortSpokenHttp(Check):
    """TLS servers say so themselves, each in its words."""

    code = "https-port-spoken-http"
    summary = "plain HTTP is configured for a port that speaks TLS"
    needs = (Ping,)
    question = "does the port answer a plain request by asking for TLS?"
    probe = "ping"
    supersedes = ("registry-unexpected-answer",)
    texts = (
        "Client sent an HTTP request to an HTTPS server",
        "The plain HTTP request was sent to HTTPS port",
        "malformed HTTP response",
    )
    products = ("nginx",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            ping = seen.get(Ping, endpoint)
            if ping is None or not endpoint.startswith("http://") or not asks_for_tls(ping.answer):
                continue
            subject = subject_of(endpoint)
            breaks = (OWN,)
            yield Finding(
                code=self.code,
                title=f"{subject} speaks TLS, and is configured as http://",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(answer_evidence(ping.answer, "ping"),),
                breaks=breaks,
            )


CHECK = HttpsPortSpokenHttp()
