"""The same effect as an old Nexus, with another cause."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, subject_of
from regdoctor.checks.manifest.head_answers import BREAKS, HeadRefused, refusals
from regdoctor.checks.manifest.nexus_lt_3_15_head_404 import head_severity
from regdoctor.checks.products.known import product_evidence
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.http import ManifestLook
from regdoctor.observations.store import Observations


class HeadManifestRefused(Check):
    """A proxy that lets only GET through, a proxy cache, a registry that never had HEAD."""

    code = "head-manifest-refused"
    summary = "HEAD of a manifest fails where GET serves it, so BuildKit says not found"
    needs = (ManifestLook,)
    question = "is GET of the manifest served where HEAD of the same URL fails?"
    probe = "manifest"
    texts = (
        "failed to resolve reference *: not found",
        "unexpected status from HEAD request to *",
    )
    products = ("nginx",)
    clients = ("buildkit", "containerd")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in refusals(seen):
            if each.old_nexus:
                continue
            where = subject_of(each.looked.endpoint)
            server = each.head.header("Server") or "a server that does not name itself"
            yield Finding(
                code=self.code,
                title=f"{where} {_how(each)} and serves it to GET: {listed(BREAKS)} will fail",
                severity=head_severity(seen),
                confidence="certain",
                subject=each.looked.image,
                evidence=(
                    answer_evidence(each.head, "manifest"),
                    answer_evidence(each.got, "manifest"),
                    Evidence(
                        f"the answer came from {server}, and not as a Nexus before 3.15 gives it",
                        "manifest",
                        {"server": each.head.header("Server")},
                    ),
                    *product_evidence(seen, each.looked.endpoint, self.code),
                ),
                breaks=BREAKS,
            )


def _how(each: HeadRefused) -> str:
    what = f"HEAD of the manifest of {each.looked.image}"
    if not each.head.status:
        return f"breaks {what} off"
    return f"answers {what} with {each.head.status}"


CHECK = HeadManifestRefused()
