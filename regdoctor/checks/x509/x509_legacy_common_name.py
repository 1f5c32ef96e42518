"""The certificate names its host in the Common Name alone, which Go stopped reading."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import chain_evidence, go_evidence, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.x509.leaf_faults import refused
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain


class LegacyCommonName(Check):
    """No subject alternative names, and a Common Name that would have matched."""

    code = "x509-legacy-common-name"
    summary = "the certificate has its host name in the Common Name only"
    needs = (ServedChain,)
    question = "does the served certificate have subject alternative names?"
    probe = "tls"
    texts = ("x509: certificate relies on legacy Common Name field",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in refused(seen, "legacy-common-name"):
            subject = subject_of(each.endpoint)
            marks = {0: "no subject alternative names"}
            yield Finding(
                code=self.code,
                title=f"{subject} serves a certificate that names {each.leaf.common_name} only in "
                "its Common Name, which Go programs no longer read",
                severity=severity_of(seen, each.breaks, each.endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    chain_evidence(each.facts, "the certificate has no SAN", marks=marks),
                    *go_evidence(
                        [v for v in each.verdicts.verdicts if v.reason == "legacy-common-name"]
                    ),
                ),
                breaks=each.breaks,
            )


CHECK = LegacyCommonName()
