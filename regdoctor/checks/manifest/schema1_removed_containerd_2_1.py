"""An image that exists in schema 1 alone."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.manifest.schema1 import first_schema
from regdoctor.checks.products.known import product_evidence
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import ManifestLook
from regdoctor.observations.store import Observations

BREAKS = ("docker", "buildkit", "containerd", "regdoctor")
"""podman still reads schema 1."""


class Schema1Removed(Check):
    """Pushed before 2016, or by something that old."""

    code = "schema1-removed-containerd-2.1"
    summary = "the image has only a manifest of schema 1, which today's clients refuse"
    needs = (ManifestLook,)
    question = "is the Content-Type of the manifest that of schema 1, whatever is asked for?"
    probe = "manifest"
    supersedes = ("manifest-unexpected-answer",)
    texts = (
        "application/vnd.docker.distribution.manifest.v1+* is no longer supported since containerd",
        "application/vnd.docker.distribution.manifest.v1+prettyjws not supported",
    )
    clients = ("docker", "buildkit", "containerd", "nerdctl")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in first_schema(seen):
            if each.schema2_alone:
                continue
            endpoint = each.looked.endpoint
            breaks = asking(seen, endpoint, BREAKS)
            alone = (each.alone.answer,) if each.alone is not None else ()
            yield Finding(
                code=self.code,
                title=f"{each.looked.image} is a manifest of schema 1 at {subject_of(endpoint)}: "
                "the image has to be pushed again",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain" if alone else "likely",
                subject=each.looked.image,
                evidence=(
                    answer_evidence(each.answer, "manifest"),
                    *(answer_evidence(answer, "manifest") for answer in alone),
                    *product_evidence(seen, endpoint, self.code),
                ),
                breaks=breaks,
            )


CHECK = Schema1Removed()
