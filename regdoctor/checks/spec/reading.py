"""The answers to what is asked of one image per registry, and findings from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from regdoctor.checks.judging import answer_evidence, asking, subject_of
from regdoctor.checks.products.known import product_evidence
from regdoctor.model.finding import Evidence, Finding, Severity
from regdoctor.observations.http import Answer, BlobLook, ManifestLook
from regdoctor.observations.images import Asked, QuestionName
from regdoctor.observations.network import Role
from regdoctor.observations.store import Observations

UNTOLD = (0, 401, 429)
"""No answer, none without a login, none for now: these say nothing of the question."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One registry that gave an image. ``mirror``: it stands in for another."""

    seen: Observations
    endpoint: str
    mirror: bool

    @property
    def where(self) -> str:
        return subject_of(self.endpoint)

    @property
    def head_works(self) -> bool:
        """HEAD of the tag told everything: where it did not, another finding says so."""
        looks = [look for _, look in self.seen.named(ManifestLook, self.endpoint) if look.served]
        return bool(looks) and all(look.get is None for look in looks)

    @property
    def blobs_fail(self) -> bool:
        """A blob that an image has could not be had: another finding says so."""
        return any(look.error for _, look in self.seen.named(BlobLook, self.endpoint))

    def asked(self, question: QuestionName) -> Asked | None:
        """The answer, where it says something."""
        found = self.seen.get(Asked, self.endpoint, question)
        return found if found is not None and found.answer.status not in UNTOLD else None

    def finding(
        self,
        code: str,
        title: str,
        severity: Severity,
        answers: Sequence[Answer],
        clients: Sequence[str],
        *more: Evidence,
    ) -> Finding:
        return Finding(
            code=code,
            title=f"{self.where} {title}",
            severity=severity,
            confidence="certain",
            subject=self.where,
            evidence=(
                *(answer_evidence(answer, "spec") for answer in answers),
                *more,
                *product_evidence(self.seen, self.endpoint, code),
            ),
            breaks=asking(self.seen, self.endpoint, clients),
        )


def readings(seen: Observations) -> Iterator[Reading]:
    """Every endpoint that was asked."""
    for endpoint in seen.endpoints():
        if seen.has(Asked, endpoint):
            role = seen.get(Role, endpoint)
            yield Reading(seen, endpoint, role is not None and role.kind == "mirror")
