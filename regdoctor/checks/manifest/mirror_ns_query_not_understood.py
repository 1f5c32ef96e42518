"""A mirror that serves the image, unless it is told which registry it stands for."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.manifest.images import asked, looks
from regdoctor.checks.products.known import product_evidence
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import ManifestLook
from regdoctor.observations.store import Observations

BREAKS = ("buildkit", "containerd", "regdoctor")
"""Who adds ``?ns=`` to what it asks of a mirror. dockerd's own pull and podman do not."""


class NsNotUnderstood(Check):
    """A rule of a proxy that compares the whole URL, or a firewall that minds the query."""

    code = "mirror-ns-query-not-understood"
    summary = "a mirror refuses requests that end in ?ns=, and serves the same without it"
    needs = (ManifestLook,)
    question = "does the mirror serve the same URL without ?ns=?"
    probe = "manifest"
    supersedes = (
        "manifest-unexpected-answer",
        "blob-unexpected-answer",
        "registry-mirror-needs-auth",
    )
    texts = ("unexpected status from HEAD request to *?ns=*: 403 Forbidden",)
    symptoms = ("a mirror answers 404 to URLs that end in ?ns=docker.io",)
    clients = ("buildkit", "containerd", "kubernetes")
    products = ("harbor", "nginx", "proxy")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in looks(seen):
            bare, last = asked(seen, each, "without-ns"), each.last
            if bare is None or last is None or not bare.answer.ok or bare.answer.html:
                continue
            where, breaks = subject_of(each.endpoint), asking(seen, each.endpoint, BREAKS)
            yield Finding(
                code=self.code,
                title=f"{where} serves {each.image}, and answers "
                f"{last.status} where the request ends in ?ns=",
                severity=severity_of(seen, breaks, each.endpoint),
                confidence="certain",
                # Of the mirror, unless it is the image that others speak of.
                subject=where if each.served or last.status in (403, 404) else each.image,
                evidence=(
                    answer_evidence(last, "manifest"),
                    answer_evidence(bare.answer, "manifest"),
                    *product_evidence(seen, each.endpoint, self.code),
                ),
                breaks=breaks,
            )


CHECK = NsNotUnderstood()
