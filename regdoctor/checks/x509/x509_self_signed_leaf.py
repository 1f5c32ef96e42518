"""The server's certificate signed itself: nothing but that very certificate can vouch for it."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import chain_evidence, go_evidence, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.x509.untrusted import SELF_SIGNED, explain
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import colons, listed
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain


class SelfSignedLeaf(Check):
    """Issuer and subject are one name, and the certificate's own key made the signature."""

    code = SELF_SIGNED
    summary = "the registry serves a certificate that it signed itself"
    needs = (ServedChain,)
    question = "did the served certificate sign itself?"
    probe = "tls"

    texts = (
        "x509: certificate signed by unknown authority",
        "self-signed certificate",
        "self signed certificate",
        "x509: certificate is not authorized to sign other certificates",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            found = explain(seen, endpoint)
            if found is None or found.cause != self.code:
                continue
            subject = subject_of(endpoint)
            breaks = found.verdicts.distrusting()
            leaf = found.facts.certificates[0]
            marks = {0: "signed by its own key"}
            evidence = [
                chain_evidence(
                    found.facts, "the server's certificate is its own issuer", marks=marks
                ),
                *go_evidence(
                    [v for v in found.verdicts.verdicts if v.client in breaks], "unknown-authority"
                ),
                Evidence(
                    f"its SHA-256 fingerprint is {colons(leaf.fingerprint)}",
                    "tls",
                    {"sha256": leaf.fingerprint, "subject": leaf.subject},
                ),
            ]
            if not leaf.san_present:
                evidence.append(
                    Evidence(
                        "it has no subject alternative names, so installing it is not enough",
                        "tls",
                    )
                )
            yield Finding(
                code=self.code,
                title=f"{subject} serves a self-signed certificate unknown to {listed(breaks)}",
                severity=severity_of(seen, breaks, endpoint),
                confidence=found.confidence,
                subject=subject,
                evidence=tuple(evidence),
                breaks=breaks,
            )


CHECK = SelfSignedLeaf()
