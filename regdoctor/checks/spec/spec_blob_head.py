"""HEAD of a blob that GET gives."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.manifest.head_answers import refusals
from regdoctor.checks.protocol import Check
from regdoctor.checks.spec.reading import readings
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import BlobLook
from regdoctor.observations.images import Asked
from regdoctor.observations.store import Observations

BREAKS = ("docker", "buildkit", "containerd", "podman")


class BlobHead(Check):
    """A push asks it of every layer: 404 sends the layer again, an error ends the push."""

    code = "spec-blob-head"
    summary = "HEAD of a blob fails, or lies about its length, where GET gives the blob"
    needs = (Asked, BlobLook)
    question = "is HEAD of a blob that GET gives answered with 200 and its length?"
    probe = "spec"
    symptoms = ("layers that the registry has are pushed again, every time",)
    clients = BREAKS
    products = ("harbor",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        refused = {each.looked.endpoint for each in refusals(seen)}
        for reading in readings(seen):
            if reading.endpoint in refused:
                continue  # whatever stops HEAD of manifests stops this one, too
            head = reading.asked("blob-head")
            got = seen.get(BlobLook, reading.endpoint, head.subject) if head is not None else None
            if head is None or got is None or got.answer is None or got.error or reading.mirror:
                continue
            why = _wrong(head, got)
            if why:
                yield reading.finding(self.code, why, "warning", (head.answer, got.answer), BREAKS)


def _wrong(head: Asked, got: BlobLook) -> str:
    if not head.answer.ok:
        # A signed address is good for one method: the storage's refusal says nothing.
        if got.redirected and head.answer.status == 403:
            return ""
        return f"answers {head.answer.status} to HEAD of a blob that GET gives"
    length = head.answer.header("Content-Length").strip()
    if length.isdecimal() and int(length) != got.received:
        return f"says by HEAD that a blob has {length} bytes, and gives {got.received}"
    return ""


CHECK = BlobHead()
