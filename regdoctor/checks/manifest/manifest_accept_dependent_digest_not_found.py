"""The tag resolves, and the digest that it resolved to is not there."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.manifest.images import looks
from regdoctor.checks.products.known import product_evidence
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.images import DigestLook
from regdoctor.observations.store import Observations

BREAKS = ("buildkit", "containerd", "regdoctor")
"""Who goes on by the digest. dockerd's own pull and podman take what GET of the tag gives."""


class DigestNotFound(Check):
    """A registry that knows its manifests by tag alone, or a cache that has not got it yet."""

    code = "manifest-accept-dependent-digest-not-found"
    summary = "a tag resolves to a digest that the registry then does not have"
    needs = (DigestLook,)
    question = "is GET of the manifest by the digest that HEAD of its tag gave answered with 404?"
    probe = "manifest"
    texts = (
        "httpReaderSeeker: failed open: could not fetch content descriptor * remote: not found",
        "httpReadSeeker: failed open: content at * manifests/sha256:* not found",
    )
    clients = ("buildkit", "containerd", "kubernetes", "nerdctl")
    products = ("harbor",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in looks(seen):
            told = each.look.head or each.look.get
            digest = told.header("Docker-Content-Digest") if told is not None else ""
            by_digest = seen.get(DigestLook, each.endpoint, digest) if digest else None
            if told is None or by_digest is None or by_digest.answer.status != 404:
                continue
            breaks = asking(seen, each.endpoint, BREAKS)
            yield Finding(
                code=self.code,
                title=f"{subject_of(each.endpoint)} says that {each.image} is {digest[:19]}, and "
                "answers 404 to that digest",
                severity=severity_of(seen, breaks, each.endpoint),
                confidence="certain",
                subject=each.image,
                evidence=(
                    answer_evidence(told, "manifest"),
                    answer_evidence(by_digest.answer, "manifest"),
                    *product_evidence(seen, each.endpoint, self.code),
                ),
                breaks=breaks,
            )


CHECK = DigestNotFound()
