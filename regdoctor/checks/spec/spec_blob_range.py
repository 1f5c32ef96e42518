"""A part of a blob, as a download that broke off is gone on with."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.protocol import Check
from regdoctor.checks.spec.reading import readings
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import Answer, BlobLook
from regdoctor.observations.images import Asked
from regdoctor.observations.store import Observations

BREAKS = ("docker", "buildkit", "containerd", "podman")


class BlobRange(Check):
    """A server without ranges answers 200 and everything, which is allowed."""

    code = "spec-blob-range"
    summary = "a part of a blob is answered with an error, or with another part"
    needs = (Asked,)
    question = "is Range: bytes=0-15 of a layer answered with its first bytes?"
    probe = "spec"
    symptoms = ("a pull that broke off once never gets to its end",)
    clients = BREAKS
    products = ("proxy",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for reading in readings(seen):
            start = reading.asked("layer-start")
            if any(look.error for _, look in seen.named(BlobLook, reading.endpoint)):
                continue  # no blob can be had, whole or in parts
            why = _wrong(start.answer) if start is not None else ""
            if start is not None and why:
                yield reading.finding(self.code, why, "warning", (start.answer,), BREAKS)


def _wrong(answer: Answer) -> str:
    if answer.status in (400, 416, 501):
        return f"answers {answer.status} to a request for the first bytes of a layer"
    given = answer.header("Content-Range").strip().lower()
    if answer.status == 206 and given and not given.startswith("bytes 0-"):
        return f"gives another part of a layer than is asked for ({given[:60]})"
    return ""


CHECK = BlobRange()
