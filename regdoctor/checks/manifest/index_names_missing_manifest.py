"""An index whose manifests are not all there."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.manifest.images import parts
from regdoctor.checks.products.known import product_evidence
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import EVERY
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.images import DigestLook, ImageSeen
from regdoctor.observations.store import Observations


class IndexNamesMissingManifest(Check):
    """Copied for some platforms only, or a clean-up took manifests that have no tag."""

    code = "index-names-missing-manifest"
    summary = "an index names a manifest that its registry does not have"
    needs = (ImageSeen, DigestLook)
    question = "is the manifest that the index has for this platform there?"
    probe = "manifest"
    symptoms = ("the index of an image can be had, and one platform of it is not found",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each, image in parts(seen):
            if not image.index:
                continue
            for entry in image.entries:
                look = seen.get(DigestLook, each.endpoint, entry.digest)
                if look is None or look.answer.status != 404:
                    continue
                breaks = asking(seen, each.endpoint, EVERY)
                yield Finding(
                    code=self.code,
                    title=f"{each.image} has a manifest for {entry.platform or 'an image'}, and "
                    f"{subject_of(each.endpoint)} answers 404 to it",
                    severity=severity_of(seen, breaks, each.endpoint),
                    confidence="certain",
                    subject=each.image,
                    evidence=(
                        answer_evidence(look.answer, "manifest"),
                        *product_evidence(seen, each.endpoint, self.code),
                    ),
                    breaks=breaks,
                )


CHECK = IndexNamesMissingManifest()
