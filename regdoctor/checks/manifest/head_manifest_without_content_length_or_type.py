"""HEAD is answered, and says too little for those who trust it."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, subject_of
from regdoctor.checks.manifest.images import looks, media_type
from regdoctor.checks.manifest.nexus_lt_3_15_head_404 import severity_of_head
from regdoctor.checks.products.known import product_evidence
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.http import Answer, ManifestLook
from regdoctor.observations.store import Observations

BREAKS = ("docker", "buildkit", "containerd")
"""podman asks with GET; this tool goes on with GET where HEAD says too little."""


class HeadSaysTooLittle(Check):
    """A proxy that drops what a bodiless answer needs no longer, or a registry without it."""

    code = "head-manifest-without-content-length-or-type"
    summary = "HEAD of a manifest comes without its length or its media type"
    needs = (ManifestLook,)
    question = "does HEAD of the manifest have the Content-Length and Content-Type of its GET?"
    probe = "manifest"
    texts = (
        "missing or empty Content-Type header",
        'invalid size header: "": strconv.ParseInt',
        "missing content-length header for request",
    )
    clients = ("docker", "buildkit", "containerd", "nerdctl")
    products = ("harbor", "proxy")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in looks(seen):
            head, got = each.look.head, each.look.get
            if head is None or got is None or not head.ok or not got.ok or head.html or got.html:
                continue
            lacks = _lacking(head, got)
            if not lacks:
                continue
            yield Finding(
                code=self.code,
                title=f"{subject_of(each.endpoint)} answers HEAD of the manifest of {each.image} "
                f"without {listed(lacks)}, which clients go by",
                severity=severity_of_head(seen, BREAKS),
                # Newer containerd asks with GET where the length is missing.
                confidence="certain" if "Content-Type" in lacks else "likely",
                subject=each.image,
                evidence=(
                    answer_evidence(head, "manifest"),
                    answer_evidence(got, "manifest"),
                    *product_evidence(seen, each.endpoint, self.code),
                ),
                breaks=BREAKS,
            )


def _lacking(head: Answer, got: Answer) -> list[str]:
    lacks = []
    if not media_type(head) and media_type(got):
        lacks.append("Content-Type")
    length = head.header("Content-Length").strip()
    framed = got.header("Content-Length").strip() or got.header("Transfer-Encoding")
    if length in ("", "0") and framed not in ("", "0"):
        lacks.append("Content-Length")
    return lacks


CHECK = HeadSaysTooLittle()
