"""A registry that compares a whole Accept line with one media type."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.manifest.images import asked, looks, media_type
from regdoctor.checks.manifest.schema1 import PREFIX, SCHEMA2
from regdoctor.checks.products.known import product_evidence
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import ManifestLook
from regdoctor.observations.store import Observations

BREAKS = ("buildkit", "containerd", "regdoctor")
"""Who sends one line with a list. dockerd sends a line for each type."""


class AcceptCommaList(Check):
    """Of a list it understands nothing, and falls back to schema 1, or to 404."""

    code = "accept-header-comma-list-old-registry-schema1"
    summary = "an old registry does not understand a list in one Accept header"
    needs = (ManifestLook,)
    question = "does the registry give the manifest where one media type alone is asked for?"
    probe = "manifest"
    supersedes = (
        "schema1-removed-containerd-2.1",
        "manifest-unexpected-answer",
        "image-not-found",
    )
    texts = (
        "fetch response received * content-type=application/vnd.docker.distribution.manifest.v1+",
    )
    symptoms = ("docker pulls the image, and containerd or BuildKit says not found",)
    clients = ("buildkit", "containerd", "kubernetes", "nerdctl")
    products = ("artifactory", "distribution", "gitlab", "harbor", "nexus")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in looks(seen):
            alone, last = asked(seen, each, "accept-schema2"), each.last
            if alone is None or last is None or not alone.answer.ok:
                continue
            if media_type(alone.answer) != SCHEMA2:
                continue
            fell_back = last.ok and media_type(last).startswith(PREFIX)
            if not fell_back and last.ok:
                continue
            how = "falls back to schema 1" if fell_back else f"answers {last.status}"
            breaks = asking(seen, each.endpoint, BREAKS)
            yield Finding(
                code=self.code,
                title=f"{subject_of(each.endpoint)} has {each.image} in schema 2, and {how} where "
                "an Accept header has a list",
                severity=severity_of(seen, breaks, each.endpoint),
                confidence="certain",
                subject=each.image,
                evidence=(
                    answer_evidence(last, "manifest"),
                    answer_evidence(alone.answer, "manifest"),
                    *product_evidence(seen, each.endpoint, self.code),
                ),
                breaks=breaks,
            )


CHECK = AcceptCommaList()
