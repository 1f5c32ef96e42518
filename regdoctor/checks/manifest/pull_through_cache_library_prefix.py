"""A cache of Docker Hub that is asked under its own name for an official image."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.manifest.images import asked, looks
from regdoctor.checks.products.known import product_evidence
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import ManifestLook
from regdoctor.observations.store import Observations


class LibraryPrefix(Check):
    """Only for docker.io do clients put ``library/`` before a bare name."""

    code = "pull-through-cache-library-prefix"
    summary = "the image is below library/, which clients add for Docker Hub alone"
    needs = (ManifestLook,)
    question = "does the registry have the same name below library/?"
    probe = "manifest"
    supersedes = ("image-not-found",)
    texts = ("manifest for * not found: manifest unknown",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in looks(seen):
            below, last = asked(seen, each, "library-prefix"), each.last
            if below is None or last is None or not below.answer.ok or below.answer.html:
                continue
            breaks = asking(seen, each.endpoint)
            where = subject_of(each.endpoint)
            yield Finding(
                code=self.code,
                title=f"{where} does not have {each.look.repository}, and has "
                f"library/{each.look.repository}",
                severity=severity_of(seen, breaks, each.endpoint),
                confidence="certain",
                subject=each.image,
                evidence=(
                    answer_evidence(last, "manifest"),
                    answer_evidence(below.answer, "manifest"),
                    *product_evidence(seen, each.endpoint, self.code),
                ),
                breaks=breaks,
            )


CHECK = LibraryPrefix()
