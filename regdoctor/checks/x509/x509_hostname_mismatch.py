"""The certificate is for other names than the one the reference uses."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import chain_evidence, go_evidence, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.x509.leaf_faults import Refused, refused
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import DefaultCertificate, ServedChain


class HostnameMismatch(Check):
    """Says which names the certificate has, and which of Go's rules made them not match."""

    code = "x509-hostname-mismatch"
    summary = "the certificate does not cover the name that the reference uses"
    needs = (ServedChain,)
    question = "which names does the served certificate carry?"
    probe = "tls"
    texts = (
        "x509: certificate is not valid for any names",
        "x509: certificate is valid for *, not",
    )
    products = ("nginx",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in refused(seen, "hostname"):
            subject, host = subject_of(each.endpoint), each.facts.host
            names = (*each.leaf.dns_names, *each.leaf.ip_addresses)
            covered = listed(names) if names else "no name at all"
            evidence = [
                chain_evidence(
                    each.facts,
                    f"the certificate covers {covered}",
                    marks={0: f"does not cover {host}"},
                ),
                *go_evidence([v for v in each.verdicts.verdicts if v.reason == "hostname"]),
                *_wildcards(each, host),
            ]
            default = seen.get(DefaultCertificate, each.endpoint)
            if default is not None and default.certificate:
                same = default.certificate == _served_leaf(seen, each.endpoint)
                evidence.append(
                    Evidence(
                        "a client that names no host gets the same certificate: the server may "
                        "have no entry for this name and serve its default"
                        if same
                        else "a client that names no host gets another certificate",
                        "sni",
                        {"same": same},
                    )
                )
            yield Finding(
                code=self.code,
                title=f"{subject} serves a certificate for {covered}, not for {host}",
                severity=severity_of(seen, each.breaks, each.endpoint),
                confidence="certain",
                subject=subject,
                evidence=tuple(evidence),
                breaks=each.breaks,
            )


def _served_leaf(seen: Observations, endpoint: str) -> bytes:
    served = seen.get(ServedChain, endpoint)
    return served.certificates[0] if served and served.certificates else b""


def _wildcards(each: Refused, host: str) -> Iterator[Evidence]:
    """A wildcard stands for exactly one label, which people overlook."""
    for name in each.leaf.dns_names:
        rest = name[1:].lower()
        if name.startswith("*.") and host.endswith(rest) and "." in host[: -len(rest)]:
            yield Evidence(f"{name} covers one label only, so not {host}", "tls", {"name": name})
        elif name.startswith("*.") and host == rest[1:]:
            yield Evidence(f"{name} does not cover {host} itself", "tls", {"name": name})


CHECK = HostnameMismatch()
