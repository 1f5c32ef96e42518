"""202 to a new upload, and not where it is."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import finding, pushed
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.push import UploadLook
from regdoctor.observations.store import Observations


class NoLocation(Check):
    """The specification asks for a Location with 202; without it no client can go on."""

    code = "spec-upload-no-location"
    summary = "the registry opens an upload and does not say where it is"
    needs = (UploadLook,)
    question = "does 202 to POST of an upload come with a Location?"
    probe = "push-upload"
    supersedes = ("push-unexpected-answer",)
    texts = (
        "no location * upload",
        "missing Location header",
        "without saying where (Location)",
    )
    products = ("proxy",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, look in pushed(seen):
            opened = look.opened
            if opened.method != "POST" or opened.status != 202 or opened.header("Location"):
                continue
            title = f"{subject_of(endpoint)} answers 202 to a new upload without a Location"
            yield finding(seen, self, endpoint, title, [("push-upload", opened)])


CHECK = NoLocation()
