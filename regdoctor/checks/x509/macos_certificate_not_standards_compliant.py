"""A certificate that Go takes everywhere but on macOS, where Apple's rules are asked."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import chain_evidence, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.x509.culprits import culprit_evidence
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain
from regdoctor.observations.trust import CertificateFacts, ChainFacts, ChainVerdicts

_MOST_DAYS = 825
_SINCE = 1561939200.0
"""Apple's rules hold for certificates issued from 2019-07-01 on."""
_SERVER, _ANY = "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"


class MacosCertificate(Check):
    """A note: nothing breaks on this host, and programs on a Mac are refused."""

    code = "macos-certificate-not-standards-compliant"
    summary = "clients on macOS refuse the certificate: it does not keep Apple's rules"
    needs = (ServedChain,)
    question = "is the certificate valid for at most 825 days, and marked for TLS servers?"
    probe = "tls"
    texts = ("certificate is not standards compliant",)
    clients = ("buildkit", "crane", "helm")
    symptoms = ("docker build fails on a Mac at the token, and works from Linux",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            facts, verdicts = seen.get(ChainFacts, endpoint), seen.get(ChainVerdicts, endpoint)
            if facts is None or verdicts is None or not facts.certificates:
                continue
            # A chain that some client here refuses has a finding that comes first.
            if not any(each.accepted and not each.skipped for each in verdicts.verdicts):
                continue
            leaf = facts.certificates[0]
            broken = _broken(leaf)
            if not broken:
                continue
            subject = subject_of(endpoint)
            yield Finding(
                code=self.code,
                title=f"{subject}: Go programs on macOS refuse its certificate, which {broken}",
                severity="info",
                confidence="certain",
                subject=subject,
                evidence=(
                    chain_evidence(facts, "Go takes the chain, Apple does not", marks={0: broken}),
                    culprit_evidence(leaf, broken, 0),
                ),
            )


def _broken(leaf: CertificateFacts) -> str:
    if leaf.unparsed or leaf.not_before < _SINCE:
        return ""
    days = (leaf.not_after - leaf.not_before) / 86400
    if days > _MOST_DAYS + 1:
        return f"is valid for {days:.0f} days, where Apple allows {_MOST_DAYS}"
    if not {_SERVER, _ANY} & set(leaf.usages):
        return "is not marked for TLS servers (extended key usage serverAuth)"
    return ""


CHECK = MacosCertificate()
