"""HEAD and GET of one manifest have to agree."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.manifest.images import media_type
from regdoctor.checks.protocol import Check
from regdoctor.checks.spec.reading import readings
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.images import Asked, DigestLook
from regdoctor.observations.store import Observations

BREAKS = ("docker", "buildkit", "containerd")


class HeadGetDiffer(Check):
    """By the digest, asked the same way. The spec has every header of GET in HEAD as well."""

    code = "spec-head-get-differ"
    summary = "HEAD and GET of the same digest are answered differently"
    needs = (Asked, DigestLook)
    question = "do HEAD and GET of a manifest by digest agree on status, type, length and digest?"
    probe = "spec"
    symptoms = ("a manifest's size or type differs between two requests",)
    clients = BREAKS
    products = ("harbor", "nginx")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for reading in readings(seen):
            head = reading.asked("digest-head")
            got = seen.get(DigestLook, reading.endpoint, head.subject) if head else None
            if head is None or got is None or not got.answer.ok or got.what:
                continue
            if not reading.head_works:
                continue
            differ = _differences(head, got)
            if differ:
                yield reading.finding(
                    self.code,
                    f"answers HEAD and GET of one manifest differently: {listed(differ)}",
                    "warning",
                    (head.answer, got.answer),
                    BREAKS,
                )


def _differences(head: Asked, got: DigestLook) -> list[str]:
    if not head.answer.ok:
        return [f"status {head.answer.status} and {got.answer.status}"]
    differ = []
    if media_type(head.answer) != media_type(got.answer):
        differ.append(f"type {media_type(head.answer) or 'none'} and {media_type(got.answer)}")
    length = head.answer.header("Content-Length").strip()
    if length.isdecimal() and int(length) != got.received:
        differ.append(f"length {length} and {got.received}")
    told = [each.header("Docker-Content-Digest") for each in (head.answer, got.answer)]
    if all(told) and told[0] != told[1]:
        differ.append("digest")
    return differ


CHECK = HeadGetDiffer()
