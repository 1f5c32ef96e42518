"""The chain is whole, but its root is private and some clients have not been given it."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import (
    chain_evidence,
    go_evidence,
    name_of,
    severity_of,
    subject_of,
)
from regdoctor.checks.protocol import Check
from regdoctor.checks.x509.token_fetchers import without_token_fetcher
from regdoctor.checks.x509.untrusted import (
    PRIVATE_ROOT,
    Untrusted,
    explain,
)
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import colons, listed
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain


class PrivateRoot(Check):
    """Reads the path's end: a root that is served, fetched, or held by another client."""

    code = PRIVATE_ROOT
    summary = "the registry's certificate comes from a private CA that the client was not given"
    needs = (ServedChain,)
    question = "is the issuer of the topmost certificate a root, and who trusts it?"
    probe = "tls"

    texts = (
        "x509: certificate signed by unknown authority",
        "x509: certificate is not trusted",
        "self-signed certificate in certificate chain",
    )
    products = ("nexus", "harbor", "distribution")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            found = explain(seen, endpoint)
            if found is None:
                continue
            if found.cause == self.code:
                if breaks := without_token_fetcher(seen, endpoint, found.verdicts.distrusting()):
                    yield self._finding(seen, endpoint, found, breaks)
            elif self.code in found.rivals:
                yield OpenQuestion(self.code, self.question, self.probe, found.why)

    def _finding(
        self, seen: Observations, endpoint: str, found: Untrusted, breaks: tuple[str, ...]
    ) -> Finding:
        subject = subject_of(endpoint)
        root = name_of(found.anchor) if found.anchor else found.top.issuer
        evidence = [
            chain_evidence(
                found.facts,
                f"the chain is not trusted: {found.why}",
                marks={found.topmost: "self-signed root"} if found.anchor else {},
                missing="" if found.anchor else root,
            ),
            *go_evidence(
                [v for v in found.verdicts.verdicts if v.client in breaks], "unknown-authority"
            ),
        ]
        if found.anchor:
            fingerprint = colons(found.anchor.fingerprint)
            evidence.append(
                Evidence(
                    f"the root served has SHA-256 fingerprint {fingerprint}",
                    "tls",
                    {"sha256": found.anchor.fingerprint, "subject": found.anchor.subject},
                )
            )
        if found.verdicts.holders:
            evidence.append(
                Evidence(
                    f"the authority is in {listed(found.verdicts.holders)}",
                    "files",
                    {"files": list(found.verdicts.holders)},
                )
            )
        return Finding(
            code=self.code,
            title=f"{subject} is signed by a private CA ({root}) unknown to {listed(breaks)}",
            severity=severity_of(seen, breaks, endpoint),
            confidence=found.confidence,
            subject=subject,
            evidence=tuple(evidence),
            breaks=breaks,
        )


CHECK = PrivateRoot()
