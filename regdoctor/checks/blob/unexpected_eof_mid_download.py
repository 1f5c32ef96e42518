"""The connection ends before the blob does."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.blob.downloads import again
from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.products.known import product_evidence
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import BlobLook
from regdoctor.observations.store import Observations


class UnexpectedEof(Check):
    """The same number of bytes each time is a limit; the same time is a time-out."""

    code = "unexpected-eof-mid-download"
    summary = "a blob breaks off in the middle"
    needs = (BlobLook,)
    question = "after how many bytes, and after how long, does a download break off?"
    probe = "blob"
    supersedes = ("blob-unexpected-answer",)
    texts = (
        "Download failed, retrying*: unexpected EOF",
        "unexpected EOF",
    )
    clients = ("docker", "buildkit", "containerd", "podman")
    products = ("nexus", "nginx", "proxy")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            for digest, look in seen.named(BlobLook, endpoint):
                answer = look.answer
                if answer is None or not answer.ok or answer.fault != "read" or not look.error:
                    continue
                tries = again(seen, endpoint, digest)
                healed = any(each.got == digest for each in tries)
                breaks = asking(seen, endpoint)
                where = subject_of(look.redirected or endpoint).partition("/")[0]
                sizes = [look.received, *(each.received for each in tries)]
                times = [answer.seconds, *(each.seconds for each in tries)]
                shown = ", ".join(
                    f"{size} bytes in {seconds:.1f} s"
                    for size, seconds in zip(sizes, times, strict=True)
                )
                yield Finding(
                    code=self.code,
                    title=f"{where} breaks a blob off after {look.received} bytes"
                    + _how_often(sizes, healed=healed),
                    severity="warning" if healed else severity_of(seen, breaks, endpoint),
                    confidence="certain",
                    subject=subject_of(endpoint),
                    evidence=(
                        answer_evidence(answer, "blob"),
                        Evidence(f"downloads: {shown}", "blob", {"bytes": sizes, "seconds": times}),
                        *product_evidence(seen, endpoint, self.code),
                    ),
                    breaks=breaks,
                )


def _how_often(sizes: list[int], *, healed: bool) -> str:
    if healed:
        return ", and gives it whole when asked again"
    if len(sizes) > 1 and len(set(sizes)) == 1:
        return f", the same each of {len(sizes)} times: a limit, not a time-out"
    return ""


CHECK = UnexpectedEof()
