"""A chain of Let's Encrypt that leads to a root which expired in 2021."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import chain_evidence, go_evidence, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.x509.culprits import culprit_evidence
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain
from regdoctor.observations.trust import CertificateFacts, ChainFacts, ChainVerdicts, TrustVerdict

OLD_ROOT = "DST Root CA X3"
ENDED = "2021-09-30T14:01:15Z"


class ExpiredCrossSign(Check):
    """The server's own certificate is fine; the pool lacks ISRG Root X1."""

    code = "x509-expired-cross-sign-dst-root-x3"
    summary = "the chain ends at DST Root CA X3, expired in 2021, and ISRG Root X1 is missing"
    needs = (ServedChain,)
    question = "does the client's bundle have ISRG Root X1?"
    probe = "tls"
    supersedes = (
        "x509-expired-certificate",
        "x509-unknown-authority-private-root",
        "x509-missing-intermediate",
    )
    texts = (f"x509: certificate has expired or is not yet valid: current time * is after {ENDED}",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            facts, verdicts = seen.get(ChainFacts, endpoint), seen.get(ChainVerdicts, endpoint)
            if facts is None or verdicts is None or not facts.certificates:
                continue
            place = _crossed(facts)
            if place < 0:
                continue
            those = [each for each in verdicts.verdicts if _blamed(each, facts, place)]
            breaks = tuple(each.client for each in those)
            if not breaks:
                continue
            subject = subject_of(endpoint)
            anchor = next((each.anchor for each in those if each.anchor is not None), None)
            culprit = anchor or facts.certificates[place]
            yield Finding(
                code=self.code,
                title=f"{subject}: its chain leads to {OLD_ROOT}, which expired in 2021, and "
                f"{listed(breaks)} know no ISRG Root X1",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    chain_evidence(
                        facts,
                        "the server's own certificate is in its dates",
                        marks={place: f"signed by {OLD_ROOT}, which ended on {ENDED}"},
                    ),
                    culprit_evidence(culprit, "it is past its date", -1 if anchor else place),
                    *go_evidence(those),
                ),
                breaks=breaks,
            )


def _crossed(facts: ChainFacts) -> int:
    """The place of the topmost certificate that names the old root; -1 where none does."""
    places = range(len(facts.certificates) - 1, -1, -1)
    return next((at for at in places if _of_old_root(facts.certificates[at])), -1)


def _of_old_root(certificate: CertificateFacts) -> bool:
    return OLD_ROOT in certificate.issuer or OLD_ROOT in certificate.subject


def _blamed(verdict: TrustVerdict, facts: ChainFacts, place: int) -> bool:
    """Refused above the leaf: an old root or cross-sign that expired, or no root at all."""
    if verdict.reason == "unknown-authority":
        return place == facts.topmost
    if verdict.reason != "expired":
        return False
    if verdict.anchor is not None and verdict.about < 0:
        return _of_old_root(verdict.anchor)
    return verdict.about > 0 and _of_old_root(facts.certificates[verdict.about])


CHECK = ExpiredCrossSign()
