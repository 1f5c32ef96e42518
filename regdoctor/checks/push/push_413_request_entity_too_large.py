"""Something on the way refuses bodies of the size of a layer."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import answers, finding, pushed
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.push import SizeLook, UploadLook
from regdoctor.observations.store import Observations


class BodyTooLarge(Check):
    """413, by whoever names himself in the answer."""

    code = "push-413-request-entity-too-large"
    summary = "a proxy before the registry refuses layers above its limit on request bodies"
    needs = (UploadLook, SizeLook)
    question = "does a chunk of 2 MiB reach the registry?"
    probe = "push-size"
    supersedes = ("push-unexpected-answer",)
    texts = (
        "error parsing HTTP 413 response body",
        "uploading layer chunked: StatusCode: 413",
        "413 Request Entity Too Large",
        "unexpected status: 413",
    )
    products = ("nginx", "proxy")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, _ in pushed(seen):
            refusals = [each for each in answers(seen, endpoint) if each[1].status == 413]
            if not refusals:
                continue
            size = seen.get(SizeLook, endpoint)
            large = size is not None and size.sent is not None and size.sent.status == 413
            what = f"a body of {size.size >> 20} MiB" if size and large else "a small body"
            server = refusals[0][1].header("Server")
            who = f", in the words of {server}" if server else ""
            title = f"{subject_of(endpoint)} refuses {what} (413{who}): layers cannot be pushed"
            yield finding(seen, self, endpoint, title, refusals[:1])


CHECK = BodyTooLarge()
