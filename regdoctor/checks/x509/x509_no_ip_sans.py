"""The reference uses an address, and the certificate has no address among its names."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import (
    chain_evidence,
    contacted_as,
    go_evidence,
    severity_of,
    subject_of,
)
from regdoctor.checks.protocol import Check
from regdoctor.checks.x509.leaf_faults import refused
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain


class NoIpSans(Check):
    """An address written as a DNS name or as the Common Name does not count."""

    code = "x509-no-ip-sans"
    summary = "the registry is addressed by IP and its certificate has no IP address"
    needs = (ServedChain,)
    question = "does the served certificate have IP addresses among its names?"
    probe = "tls"
    texts = ("because it doesn't contain any IP SANs",)
    products = ("harbor",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in refused(seen, "no-ip-sans"):
            subject, host = subject_of(each.endpoint), each.facts.host
            names = each.leaf.dns_names
            fact = f"it covers {listed(names)}" if names else "it covers no name"
            role = contacted_as(seen, each.endpoint)
            yield Finding(
                code=self.code,
                title=f"{subject} is addressed as {host}, and its certificate carries no IP "
                f"address{f' ({role})' if role else ''}",
                severity=severity_of(seen, each.breaks, each.endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    chain_evidence(each.facts, fact, marks={0: "no IP address among its names"}),
                    *go_evidence([v for v in each.verdicts.verdicts if v.reason == "no-ip-sans"]),
                ),
                breaks=each.breaks,
            )


CHECK = NoIpSans()
