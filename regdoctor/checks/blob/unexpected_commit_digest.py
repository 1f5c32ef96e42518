"""As many bytes as promised, and others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from regdoctor.checks.blob.downloads import again, evidence_of, wrong
from regdoctor.checks.judging import asking, severity_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import BlobLook
from regdoctor.observations.images import BlobAgain, DigestLook
from regdoctor.observations.store import Observations


class UnexpectedCommitDigest(Check):
    """The same wrong bytes each time lie in a cache; others each time come about on the way."""

    code = "unexpected-commit-digest"
    summary = "content arrives whose digest is not the one that was asked for"
    needs = (BlobLook, DigestLook)
    question = "do several downloads give the same wrong bytes?"
    probe = "blob"
    supersedes = ("blob-unexpected-answer",)
    texts = (
        "unexpected commit digest sha256:",
        "filesystem layer verification failed for digest sha256:",
    )
    clients = ("docker", "buildkit", "containerd", "kubernetes", "nerdctl")
    products = ("nginx", "proxy")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in wrong(seen):
            if each.size:
                continue
            tries = again(seen, each.endpoint, each.digest)
            breaks = asking(seen, each.endpoint)
            yield Finding(
                code=self.code,
                title=f"{each.where} sends other bytes than those of {each.thing} "
                f"{each.digest[:19]}{_how_often(each.got, tries)}",
                severity=severity_of(seen, breaks, each.endpoint),
                confidence="certain",
                subject=each.subject,
                evidence=(*evidence_of(seen, each, self.code), *_tried(each.got, tries)),
                breaks=breaks,
            )


def _how_often(first: str, tries: Sequence[BlobAgain]) -> str:
    digests = {first, *(each.got for each in tries)}
    if not tries:
        return ""
    if len(digests) == 1:
        return f", the same each of {len(tries) + 1} times: a cache holds them"
    return ", others each time: they change on the way"


def _tried(first: str, tries: Sequence[BlobAgain]) -> Iterator[Evidence]:
    if tries:
        digests = [first, *(each.got for each in tries)]
        fact = f"downloads gave {', '.join(each[:19] or 'nothing whole' for each in digests)}"
        yield Evidence(fact, "blob", {"digests": digests})


CHECK = UnexpectedCommitDigest()
