"""A probe or a check of our own broke; what it would have told is not known."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding
from regdoctor.observations.store import Observations


class InternalCheckFailed(Check):
    """Loud on purpose: a silent crash would read as a clean bill."""

    code = "internal-check-failed"
    summary = "regdoctor itself failed while looking or judging"
    needs = ()
    question = "what would the part that failed have said?"
    probe = "none"
    symptoms = ("exit code 3 of regdoctor",)
    clients = ()

    def findings(self, seen: Observations) -> Iterator[Finding]:
        for endpoint, failure in seen.failures():
            if failure.internal:
                yield Finding(
                    code=self.code,
                    title=f"a fault of regdoctor itself, in {failure.probe}: {failure.why}",
                    severity="error",
                    confidence="certain",
                    subject=subject_of(endpoint) or "this host",
                    evidence=(
                        Evidence(f"{failure.kind} could not be made: {failure.why}", failure.probe),
                    ),
                )


CHECK = InternalCheckFailed()
