"""A certificate of the chain is signed by an algorithm that Go no longer takes."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import name_of, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.x509.culprits import refusal_evidence
from regdoctor.checks.x509.leaf_faults import Refused, refused
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain


class Sha1Signature(Check):
    """Go says "unknown authority" and hints; at fault is what was signed, not who signed."""

    code = "x509-sha1-signature"
    summary = "a certificate of the chain is signed with SHA-1 or MD5, which Go refuses"
    needs = (ServedChain,)
    question = "with which algorithms are the certificates of the chain signed?"
    probe = "tls"
    texts = (
        "x509: cannot verify signature: insecure algorithm",
        "(temporarily override with GODEBUG=x509sha1=1)",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in refused(seen, "weak-signature"):
            subject = subject_of(each.endpoint)
            place = _weak(each)
            culprit = each.facts.certificates[place]
            algorithm = culprit.signature or "an algorithm that Go gave up"
            own = "its certificate" if place == 0 else f"the CA certificate {name_of(culprit)}"
            yield Finding(
                code=self.code,
                title=f"{subject}: {own} is signed with {algorithm}, which Go refuses: its "
                "authority counts as unknown, installed or not",
                severity=severity_of(seen, each.breaks, each.endpoint),
                confidence="certain",
                subject=subject,
                evidence=refusal_evidence(
                    each,
                    "weak-signature",
                    "a signature in the chain is too weak",
                    f"signed with {algorithm}",
                    place,
                ),
                breaks=each.breaks,
            )


def _weak(each: Refused) -> int:
    """The place of the first certificate with such a signature; a root's own does not count."""
    for place, certificate in enumerate(each.facts.certificates):
        weak = "SHA1" in certificate.signature or "MD5" in certificate.signature
        if weak and not certificate.self_signed:
            return place
    return max(each.about, 0)


CHECK = Sha1Signature()
