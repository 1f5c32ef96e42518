"""The server does not send the certificate that signed its own."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import chain_evidence, go_evidence, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.x509.untrusted import MISSING, Untrusted, explain
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import FetchedIssuer, ServedChain


class MissingIntermediate(Check):
    """Proven where the issuer, found outside the chain, makes the chain whole."""

    code = MISSING
    summary = "the registry does not send the intermediate certificate that signed its own"
    needs = (ServedChain,)
    question = "is there a certificate between the topmost one served and a root?"
    probe = "issuer"

    texts = (
        "x509: certificate signed by unknown authority",
        "unable to verify the first certificate",
        "unable to get local issuer certificate",
    )
    products = ("nexus", "distribution", "nginx")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            found = explain(seen, endpoint)
            if found is None:
                continue
            if found.cause == self.code:
                yield self._finding(seen, endpoint, found)
            elif self.code in found.rivals:
                yield OpenQuestion(self.code, self.question, self.probe, found.why)

    def _finding(self, seen: Observations, endpoint: str, found: Untrusted) -> Finding:
        subject = subject_of(endpoint)
        breaks = found.verdicts.distrusting()
        count = len(found.facts.certificates)
        served = "only its own certificate" if count == 1 else f"{count} certificates"
        evidence = [
            chain_evidence(
                found.facts,
                f"the server sends {served}; {found.why}",
                marks={found.topmost: "issuer not sent"},
                missing=found.top.issuer,
            ),
            *go_evidence(
                [v for v in found.verdicts.verdicts if v.client in breaks], "unknown-authority"
            ),
        ]
        fetched = seen.get(FetchedIssuer, endpoint)
        if fetched is not None:
            outcome = f"could not be used: {fetched.text}" if fetched.text else "answered"
            evidence.append(
                Evidence(
                    f"the issuer's address {fetched.url} {outcome}", "issuer", {"url": fetched.url}
                )
            )
        return Finding(
            code=self.code,
            title=f"{subject} does not send the intermediate certificate {found.top.issuer}, "
            f"so {listed(breaks)} cannot reach a root",
            severity=severity_of(seen, breaks, endpoint),
            confidence=found.confidence,
            subject=subject,
            evidence=tuple(evidence),
            breaks=breaks,
        )


CHECK = MissingIntermediate()
