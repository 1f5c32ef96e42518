"""A certificate of the chain is not meant for servers."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import name_of, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.x509.culprits import refusal_evidence
from regdoctor.checks.x509.leaf_faults import refused
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain
from regdoctor.observations.trust import CertificateFacts

_USAGES = {
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
}


class IncompatibleKeyUsage(Check):
    """Go names the leaf in any case; the certificate without serverAuth may be a CA's."""

    code = "x509-incompatible-key-usage"
    summary = "a certificate of the chain is limited to other uses than that of a TLS server"
    needs = (ServedChain,)
    question = "which certificate of the chain has extended key usages without serverAuth?"
    probe = "tls"
    texts = (
        "x509: certificate specifies an incompatible key usage",
        "x509: a root or intermediate certificate is not authorized for an extended key usage:",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in refused(seen, "key-usage"):
            subject = subject_of(each.endpoint)
            culprit = each.culprit
            own = (
                "its certificate"
                if each.about == 0
                else f"the CA certificate {name_of(culprit)}"
                if each.anchor is None
                else f"the CA certificate {name_of(culprit)}, which {listed(each.breaks)} trust,"
            )
            yield Finding(
                code=self.code,
                title=f"{subject}: {own} is for {_uses(culprit)} alone, and not for TLS servers",
                severity=severity_of(seen, each.breaks, each.endpoint),
                confidence="certain",
                subject=subject,
                evidence=refusal_evidence(
                    each,
                    "key-usage",
                    "the chain may not vouch for a server",
                    f"for {_uses(culprit)}, without serverAuth",
                    each.about,
                ),
                breaks=each.breaks,
            )


def _uses(certificate: CertificateFacts) -> str:
    return listed([_USAGES.get(each, each) for each in certificate.usages]) or "other uses"


CHECK = IncompatibleKeyUsage()
