"""More or fewer bytes came than the descriptor says."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.blob.downloads import evidence_of, wrong
from regdoctor.checks.judging import asking, severity_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import BlobLook
from regdoctor.observations.images import DigestLook
from regdoctor.observations.store import Observations


class FailedSizeValidation(Check):
    """A proxy that rewrites or unpacks content, a wrong Content-Length, another's content."""

    code = "failed-size-validation"
    summary = "content arrives in another length than its descriptor says"
    needs = (BlobLook, DigestLook)
    question = "how many bytes arrive, and how many does the descriptor say?"
    probe = "blob"
    supersedes = ("blob-unexpected-answer",)
    texts = ("failed size validation: * != *: failed precondition",)
    clients = ("docker", "buildkit", "containerd", "kubernetes", "nerdctl")
    products = ("nginx", "proxy")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in wrong(seen):
            if not each.size:
                continue
            breaks = asking(seen, each.endpoint)
            yield Finding(
                code=self.code,
                title=f"{each.where} sends {each.got} bytes of {each.thing} {each.digest[:19]}, "
                f"whose size is {each.expected}",
                severity=severity_of(seen, breaks, each.endpoint),
                confidence="certain",
                subject=each.subject,
                evidence=tuple(evidence_of(seen, each, self.code)),
                breaks=breaks,
            )


CHECK = FailedSizeValidation()
