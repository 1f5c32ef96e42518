"""The manifest can be had, and its blobs cannot."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.products.known import product_evidence
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import Answer, BlobLook, ManifestLook
from regdoctor.observations.images import Asked
from regdoctor.observations.store import Observations

_LAYERS = frozenset({"dns", "connect", "proxy", "tls", "certificate"})
"""Failures that the checks of the endpoint itself tell of."""


class BlobUnexpectedAnswer(Check):
    """404, 403, 5xx, other bytes than the digest says: of the registry, or of its storage."""

    code = "blob-unexpected-answer"
    summary = "the registry gives the manifest, and an error in place of a blob"
    needs = (BlobLook,)
    question = "can a blob of the image be fetched?"
    probe = "blob"
    texts = (
        "failed to copy: httpReadSeeker",
        "unexpected status code * blobs/sha256",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            manifests = [look for _, look in seen.named(ManifestLook, endpoint)]
            if manifests and not any(look.served for look in manifests):
                continue  # a mirror that has no manifest has no blobs of it either
            yield from _layer(seen, endpoint, self.code)
            for _, look in seen.named(BlobLook, endpoint):
                answer = look.answer
                if not look.error or answer is None or answer.fault in _LAYERS:
                    continue
                breaks = asking(seen, endpoint)
                where = subject_of(look.redirected or endpoint).partition("/")[0]
                yield Finding(
                    code=self.code,
                    title=f"a blob of an image cannot be had from {where}, "
                    f"which {_what(look, answer)}",
                    severity=severity_of(seen, breaks, endpoint),
                    confidence="certain",
                    subject=subject_of(endpoint),
                    evidence=(
                        answer_evidence(answer, "blob"),
                        *product_evidence(seen, endpoint, self.code),
                    ),
                    breaks=breaks,
                )


def _layer(seen: Observations, endpoint: str, code: str) -> Iterator[Finding]:
    """A layer that is refused where the config is given; a refused range is another matter."""
    asked = seen.get(Asked, endpoint, "layer-start")
    configs = [look for _, look in seen.named(BlobLook, endpoint)]
    if asked is None or not configs or any(look.error for look in configs):
        return
    answer = asked.answer
    if answer.status < 400 or answer.status in (400, 401, 416, 429, 501):
        return
    breaks = asking(seen, endpoint)
    yield Finding(
        code=code,
        title=f"a layer of an image cannot be had from {subject_of(endpoint)}: its start is "
        f"answered with {answer.status}",
        severity=severity_of(seen, breaks, endpoint),
        confidence="likely",
        subject=subject_of(endpoint),
        evidence=(answer_evidence(answer, "blob"),),
        breaks=breaks,
    )


def _what(look: BlobLook, answer: Answer) -> str:
    if answer.status == 0:
        return f"breaks off ({answer.text})"
    if not answer.ok:
        return f"answers {answer.status}"
    if answer.html:
        return "answers with a web page"
    return f"gives an answer of no use ({look.error})"


CHECK = BlobUnexpectedAnswer()
