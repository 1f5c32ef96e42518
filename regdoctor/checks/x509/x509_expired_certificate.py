"""A certificate of the chain is past its date, and the clock that says so is right."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import chain_evidence, go_evidence, name_of, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.x509.clocks import both_sides, clock_blamed, clock_evidence
from regdoctor.checks.x509.leaf_faults import refused
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.model.wording import day, listed, span
from regdoctor.observations.http import Clock
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain


class ExpiredCertificate(Check):
    """Names which certificate expired, which Go's message does not."""

    code = "x509-expired-certificate"
    summary = "a certificate of the registry's chain has expired"
    needs = (ServedChain,)
    question = "which certificate is past its date, and is this host's clock right?"
    probe = "tls"
    texts = (
        "x509: certificate has expired or is not yet valid: current time * is after",
        "x509: certificate has expired or is not yet valid",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in refused(seen, "expired"):
            if clock_blamed(seen, each):
                continue
            subject = subject_of(each.endpoint)
            culprit, ago = each.culprit, span(each.verdicts.at - each.culprit.not_after)
            own = (
                "its certificate"
                if each.about == 0
                else f"the CA certificate {name_of(culprit)}"
                if each.anchor is None
                else f"the CA certificate {name_of(culprit)}, which {listed(each.breaks)} trust,"
                if len(each.breaks) > 1
                else f"the CA certificate {name_of(culprit)}, which {listed(each.breaks)} trusts,"
            )
            clock = seen.get(Clock, each.endpoint)
            confirmed = clock is not None and not both_sides(seen, each)
            marks = {each.about: f"expired {ago} ago"}
            yield Finding(
                code=self.code,
                title=f"{subject}: {own} expired on {day(culprit.not_after)}, {ago} ago",
                severity=severity_of(seen, each.breaks, each.endpoint),
                confidence="certain" if confirmed else "likely",
                subject=subject,
                evidence=(
                    chain_evidence(each.facts, f"{name_of(culprit)} is past its date", marks=marks),
                    *go_evidence(each.words),
                    *clock_evidence(seen, each.endpoint),
                ),
                breaks=each.breaks,
            )
            if not confirmed:
                yield OpenQuestion(
                    "x509-clock-skew-not-yet-valid",
                    "what does another clock say?",
                    "clock",
                    f"by the clock of {subject} the certificate has not begun yet"
                    if clock
                    else f"{subject} gave no Date to compare this host's clock with",
                )


CHECK = ExpiredCertificate()
