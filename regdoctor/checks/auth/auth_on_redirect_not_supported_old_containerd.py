"""Manifests are redirected to another registry, which wants a token of its own."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.manifest.images import looks
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.auth import ManifestElsewhere
from regdoctor.observations.http import ManifestLook
from regdoctor.observations.store import Observations


class AuthOnRedirect(Check):
    """A name of one's own before a public registry. containerd 1.5.2 and later log in there."""

    code = "auth-on-redirect-not-supported-old-containerd"
    summary = "manifests are redirected to another registry that wants a token of its own"
    needs = (ManifestLook,)
    question = "does the registry that manifests are redirected to want a token of its own?"
    probe = "manifest"
    supersedes = ("manifest-unexpected-answer", "pull-access-denied-or-not-found")
    texts = ("pull access denied, repository does not exist or may require authorization",)
    clients = ("containerd", "kubernetes", "regdoctor")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in looks(seen):
            name = next(
                (
                    name
                    for name, look in seen.named(ManifestLook, each.endpoint)
                    if look is each.look
                ),
                "",
            )
            beyond = seen.get(ManifestElsewhere, each.endpoint, name)
            if beyond is None or beyond.answer.status != 401 or each.served:
                continue
            breaks = asking(seen, each.endpoint, ("containerd", OWN))
            there = subject_of(beyond.answer.url.partition("/v2/")[0])
            first = each.look.head or each.look.get
            yield Finding(
                code=self.code,
                title=f"{each.image} is redirected to {there}, which wants a token of its own: "
                "containerd before 1.5.2 and regdoctor ask for none",
                severity=severity_of(seen, breaks, each.endpoint),
                confidence="certain",
                subject=each.image,
                evidence=(
                    *((answer_evidence(first, "manifest"),) if first else ()),
                    answer_evidence(beyond.answer, "manifest"),
                ),
                breaks=breaks,
            )


CHECK = AuthOnRedirect()
