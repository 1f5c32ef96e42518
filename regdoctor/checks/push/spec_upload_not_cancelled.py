"""An upload that could not be given up: it stays open at the registry."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import finding, how, pushed
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import Answer
from regdoctor.observations.push import ChunkLook, MountLook, SizeLook, UploadLook
from regdoctor.observations.store import Observations


class NotCancelled(Check):
    """Clients seldom give an upload up, so nobody breaks. It is told, for we left it behind."""

    code = "spec-upload-not-cancelled"
    summary = "the registry does not give up an upload when asked, so one stays open"
    needs = (UploadLook,)
    question = "is an upload gone after DELETE of it?"
    probe = "push-upload"
    symptoms = ("uploads that nobody finishes fill the registry's storage",)
    clients = ()

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, look in pushed(seen):
            if not look.begun:
                continue
            left = [each for each in _deletions(seen, endpoint, look) if not each.ok]
            if left or look.cancelled is None:
                said = how(left[0]) if left else "gives no address of it"
                yield finding(
                    seen,
                    self,
                    endpoint,
                    f"{subject_of(endpoint)} {said} to DELETE of an upload: an unfinished upload "
                    "stays there until the registry removes it",
                    [("push-upload", each) for each in left[:1] or [look.opened]],
                    breaks=(),
                    as_severity="info",
                )


def _deletions(seen: Observations, endpoint: str, look: UploadLook) -> Iterator[Answer]:
    chunk, size = seen.get(ChunkLook, endpoint), seen.get(SizeLook, endpoint)
    mount = seen.get(MountLook, endpoint)
    for each in (look, chunk, size, mount):
        if each is not None and each.cancelled is not None:
            yield each.cancelled


CHECK = NotCancelled()
