"""The project's storage is full."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import answers, finding, pushed
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.push import StoreLook, UploadLook
from regdoctor.observations.store import Observations


class QuotaExceeded(Check):
    """Harbor says it in the body of a 403 or 412, when a blob or a manifest is completed."""

    code = "harbor-quota-exceeded"
    summary = "the storage quota of the Harbor project is used up"
    needs = (UploadLook, StoreLook)
    question = "does the registry refuse a small blob for its quota?"
    probe = "push-store"
    supersedes = ("push-access-denied", "push-unexpected-answer")
    texts = (
        "will exceed the configured upper limit",
        "denied: adding * of storage resource",
    )
    products = ("harbor",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, look in pushed(seen):
            full = [
                each for each in answers(seen, endpoint) if "configured upper limit" in each[1].body
            ]
            if full:
                project = look.repository.partition("/")[0]
                title = f"the storage quota of project {project} at {subject_of(endpoint)} is full"
                yield finding(seen, self, endpoint, title, full[:1])


CHECK = QuotaExceeded()
