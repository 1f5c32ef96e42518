"""The port speaks plain HTTP, and clients speak TLS to it."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import (
    answer_evidence,
    asking,
    policies_at,
    severity_of,
    subject_of,
)
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.http import PlainAnswer
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain


class HttpResponseToHttpsClient(Check):
    """A registry in the clear, or something else that owns the port: asked in the clear."""

    code = "http-response-to-https-client"
    summary = "the registry's port speaks plain HTTP to a client that expects TLS"
    needs = (ServedChain,)
    question = "does the port answer GET /v2/ in the clear, and as a registry?"
    probe = "plain-http"
    texts = (
        "http: server gave HTTP response to HTTPS client",
        "record overflow",
        "wrong version number",
    )
    products = (
        "distribution",
        "nexus",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            served = seen.get(ServedChain, endpoint)
            plain = seen.get(PlainAnswer, endpoint)
            if served is None or not in_the_clear(served, plain):
                continue
            subject = subject_of(endpoint)
            breaks = _breaks(seen, endpoint)
            if not breaks:
                continue
            evidence = [
                Evidence(
                    f"no TLS handshake came about: {served.text}",
                    "tls",
                    {"first_bytes": served.first_bytes.decode("latin-1")},
                )
            ]
            what = "plain HTTP"
            if plain is not None:
                evidence.append(answer_evidence(plain.answer, "plain-http"))
                what = _what(plain)
            yield Finding(
                code=self.code,
                title=f"{subject} speaks {what}, where HTTPS is expected by {listed(breaks)}",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=tuple(evidence),
                breaks=breaks,
            )


def in_the_clear(served: ServedChain, plain: PlainAnswer | None) -> bool:
    """HTTP in place of TLS; or no TLS at all, and HTTP when asked for it."""
    if served.fault == "plain-http":
        return True
    if not served.fault or plain is None or plain.asks_for_tls:
        return False
    return plain.answer.status > 0


def _what(plain: PlainAnswer) -> str:
    answer = plain.answer
    if plain.registry_like:
        return "plain HTTP (a registry)"
    if answer.status in (301, 302, 307, 308) and answer.header("Location").startswith("https://"):
        return f"plain HTTP and points to {answer.header('Location').partition('?')[0]}"
    if answer.status:
        return f"plain HTTP, but answers {answer.status} and not as a registry"
    return "plain HTTP"


def _breaks(seen: Observations, endpoint: str) -> tuple[str, ...]:
    refusing = [each.client for each in policies_at(seen, endpoint) if each.plain == "never"]
    return asking(seen, endpoint, (*refusing, OWN))


CHECK = HttpResponseToHttpsClient()
