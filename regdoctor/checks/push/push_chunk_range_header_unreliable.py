"""The Range that answers a chunk does not say what was received."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import finding, pushed
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import Answer
from regdoctor.observations.push import ChunkLook, UploadLook
from regdoctor.observations.store import Observations


class ChunkRange(Check):
    """Who sends a layer whole (docker, BuildKit, containerd) never looks at it, so it is told
    and breaks nobody of them. A gap that is taken with 202 is only mentioned beside: old
    registries do that, and nobody sends one."""

    code = "push-chunk-range-header-unreliable"
    summary = "the registry miscounts chunks: the Range of its answer is not what was sent"
    needs = (UploadLook, ChunkLook)
    question = "does the Range after each chunk say how much was received?"
    probe = "push-chunks"
    texts = (
        "chunkStart (*) != blobStart (*)",
        "invalid range start for blob upload",
        "unexpected response code 416",
    )
    clients = ()
    products = ("ecr", "zot", "distribution")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, _ in pushed(seen):
            look = seen.get(ChunkLook, endpoint)
            if look is None:
                continue
            for answer, total in ((look.first, look.size), (look.second, 2 * look.size)):
                if answer is None or not answer.ok or _right(answer, total):
                    continue
                said = answer.header("Range") or "nothing"
                gap = look.gap is not None and look.gap.ok
                beside = [Evidence("a chunk that left a gap was taken as well", "push-chunks")]
                yield finding(
                    seen,
                    self,
                    endpoint,
                    f"{subject_of(endpoint)} took {total} bytes in chunks and says {said} "
                    f"for 0-{total - 1}: uploaders that send chunks break, clients that send "
                    "a layer whole do not",
                    [("push-chunks", answer), *(beside if gap else [])],
                    breaks=(),
                    as_severity="info",
                )
                break


def _right(answer: Answer, total: int) -> bool:
    said = answer.header("Range").strip().lower().removeprefix("bytes=").removeprefix("bytes ")
    return said == f"0-{total - 1}"


CHECK = ChunkRange()
