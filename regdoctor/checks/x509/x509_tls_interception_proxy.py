"""Something on the way signs in place of the registry."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.derive import certificate_facts
from regdoctor.checks.judging import (
    chain_evidence,
    go_evidence,
    is_public,
    severity_of,
    subject_of,
)
from regdoctor.checks.protocol import Check
from regdoctor.checks.x509.culprits import (
    culprit_evidence,
    inspector,
    public_authority,
    unrelated,
)
from regdoctor.checks.x509.untrusted import Untrusted, explain
from regdoctor.model.finding import Confidence, Finding, OpenQuestion
from regdoctor.observations.host import RootsSeen
from regdoctor.observations.store import HOST, Observations
from regdoctor.observations.tls import DirectChain, ServedChain
from regdoctor.observations.trust import ChainFacts


class Interception(Check):
    """The right name by the wrong authority. A wrong name is another fault."""

    code = "x509-tls-interception-proxy"
    summary = "a proxy or firewall on the way opens TLS and signs with a CA of its own"
    needs = (ServedChain,)
    question = "do unrelated public hosts show the same issuer from this network?"
    probe = "tls"
    supersedes = (
        "x509-unknown-authority-private-root",
        "x509-missing-intermediate",
        "x509-self-signed-leaf",
    )
    texts = (
        "registry-1.docker.io/v2/: x509: certificate signed by unknown authority",
        "download failed after attempts=6: * certificate signed by unknown authority",
    )
    products = ("proxy",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            found = explain(seen, endpoint)
            judged = _judged(seen, endpoint, found) if found is not None else None
            if found is None or judged is None:
                continue
            why, confidence = judged
            subject, breaks = subject_of(endpoint), found.verdicts.distrusting()
            top = found.top
            signer = top.subject if top.self_signed else top.issuer
            yield Finding(
                code=self.code,
                title=f"something between this host and {subject} opens TLS and signs with a CA "
                f"of its own ({signer}): {why}",
                severity=severity_of(seen, breaks, endpoint),
                confidence=confidence,
                subject=subject,
                evidence=(
                    chain_evidence(
                        found.facts,
                        f"the name is right and the authority is not: {why}",
                        marks={found.topmost: "signed on the way"},
                        missing="" if top.self_signed else top.issuer,
                    ),
                    culprit_evidence(top, f"{subject} has no such certificate", found.topmost),
                    *go_evidence(
                        [v for v in found.verdicts.verdicts if v.client in breaks],
                        "unknown-authority",
                    ),
                ),
                breaks=breaks,
            )


def _judged(seen: Observations, endpoint: str, found: Untrusted) -> tuple[str, Confidence] | None:
    """Why it is no certificate of the registry, and how sure; None where it may well be."""
    names = ("hostname", "legacy-common-name", "no-ip-sans")
    if any(each.reason in names for each in found.verdicts.verdicts):
        return None
    direct = seen.get(DirectChain, endpoint)
    if direct is not None and direct.certificates:
        there = certificate_facts(direct.certificates[0])
        if there.issuer and there.issuer != found.facts.certificates[0].issuer:
            return f"without the proxy the issuer is {there.issuer}", "certain"
        return None
    word, public = inspector(found.facts), is_public(found.facts.host)
    if word:
        why = f"the issuer is named like an inspecting proxy ({word})"
        return why, "certain" if public else "likely"
    roots = seen.get(RootsSeen, HOST)
    if not public or public_authority(found.facts) or roots is None or not roots.certificates:
        return None
    if unrelated(_hosts_under(seen, found.top.issuer)):
        return "unrelated public hosts show the same issuer", "certain"
    return "it is a public host, and no public CA signed this", "likely"


def _hosts_under(seen: Observations, issuer: str) -> Iterator[str]:
    """The hosts whose chains end below ``issuer``."""
    for endpoint in seen.endpoints():
        facts = seen.get(ChainFacts, endpoint)
        if facts is not None and facts.certificates[facts.topmost].issuer == issuer:
            yield facts.host


CHECK = Interception()
