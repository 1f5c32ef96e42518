"""The server wants a client certificate, and the client shows none that it takes."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, policies_at, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain

_ALERTS = ("certificate required", "bad certificate", "handshake failure", "unknown certificate")
_PAGES = ("no required ssl certificate was sent", "the ssl certificate error")


class MutualTls(Check):
    """Asked for in the handshake, and missed afterwards: asking alone is no demand."""

    code = "mtls-client-certificate-required"
    summary = "the registry demands a client certificate that the client does not show"
    needs = (ServedChain, Ping)
    question = "does the server go on without a client certificate?"
    probe = "tls"
    supersedes = ("registry-unexpected-answer",)
    texts = (
        "remote error: tls: certificate required",
        "remote error: tls: bad certificate",
        "No required SSL certificate was sent",
    )
    products = ("nginx",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            served, ping = seen.get(ServedChain, endpoint), seen.get(Ping, endpoint)
            if served is None or ping is None or not served.client_certificate_requested:
                continue
            if not _missed(ping.answer):
                continue
            subject = subject_of(endpoint)
            breaks = _without_pair(seen, endpoint)
            yield Finding(
                code=self.code,
                title=f"{subject} demands a client certificate, and got none that it takes",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    Evidence("the server asks for a client certificate in the handshake", "tls"),
                    answer_evidence(ping.answer, "ping"),
                ),
                breaks=breaks,
            )


def _missed(answer: Answer) -> bool:
    if answer.status:
        body = answer.body.lower()
        return answer.status in (400, 401, 403, 496) and any(page in body for page in _PAGES)
    return any(alert in answer.text for alert in _ALERTS)


def _without_pair(seen: Observations, endpoint: str) -> tuple[str, ...]:
    """The clients that have no certificate to show; ours was tried, so it counts in any case."""
    lacking = [each.client for each in policies_at(seen, endpoint) if not each.pair]
    return asking(seen, endpoint, (*lacking, OWN))


CHECK = MutualTls()
