"""The certificate is fine and a clock is not: this host's, or that of whoever issued it."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import chain_evidence, go_evidence, name_of, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.x509.clocks import (
    ahead_of,
    both_sides,
    clock_blamed,
    clock_evidence,
    witnesses,
)
from regdoctor.checks.x509.leaf_faults import Refused, refused
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.model.wording import day, span
from regdoctor.observations.http import Clock
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain


class ClockSkew(Check):
    """ "is before" is a clock or a certificate too fresh; "is after" is a clock only where the
    server's own clock says so."""

    code = "x509-clock-skew-not-yet-valid"
    summary = "a certificate is outside its dates because a clock is wrong"
    needs = (ServedChain,)
    question = "is this host's clock right?"
    probe = "clock"
    texts = (
        "x509: certificate has expired or is not yet valid: current time * is before",
        "x509: certificate has expired or is not yet valid",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in refused(seen, "not-yet-valid"):
            yield from self._judged(seen, each, early=True)
        for each in refused(seen, "expired"):
            if clock_blamed(seen, each):
                yield from self._judged(seen, each, early=False)

    def _judged(
        self, seen: Observations, each: Refused, *, early: bool
    ) -> Iterator[Finding | OpenQuestion]:
        subject = subject_of(each.endpoint)
        clock = seen.get(Clock, each.endpoint)
        blamed = clock_blamed(seen, each)
        culprit = each.culprit
        ahead = ahead_of(seen, each.endpoint)
        if blamed and ahead is not None:
            direction = "ahead of" if ahead > 0 else "behind"
            title = (
                f"this host's clock is {span(ahead)} {direction} that of {subject}, "
                f"so a valid certificate looks {'not yet valid' if early else 'expired'}"
            )
            # One clock against another proves a difference, not which of the two is wrong.
            certain = witnesses(seen, each.endpoint) > 1
        else:
            wait = span(culprit.not_before - each.verdicts.at)
            title = (
                f"{subject}: the certificate {name_of(culprit)} is valid only from "
                f"{day(culprit.not_before)}, {wait} from now"
            )
            certain = clock is not None and not both_sides(seen, each)
        edge = "begins" if early else "ended"
        marks = {each.about: f"by this host's clock its validity {edge} at another time"}
        yield Finding(
            code=self.code,
            title=title,
            severity=severity_of(seen, each.breaks, each.endpoint),
            confidence="certain" if certain else "likely",
            subject=subject,
            evidence=(
                chain_evidence(each.facts, "a certificate is outside its dates", marks=marks),
                *go_evidence(each.words),
                *clock_evidence(seen, each.endpoint),
            ),
            breaks=each.breaks,
        )
        if not certain:
            yield OpenQuestion(
                self.code,
                "which clock is right: what do the Date headers of other hosts say?",
                self.probe,
                "one server's clock was seen" if clock else f"{subject} gave no Date",
            )


CHECK = ClockSkew()
