"""405 to the first request of a push: a pull-through cache, or something that takes no POST."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import finding, of_nexus, pushed
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import Answer
from regdoctor.observations.push import UploadLook
from regdoctor.observations.store import Observations


class PushToCache(Check):
    """Three that look alike and say it differently: a cache in the registry's JSON, a read-only
    registry by the methods it allows, a proxy before it by a web page."""

    code = "push-to-pull-through-cache-405"
    summary = "the registry takes no pushes: a pull-through cache, or a proxy that stops POST"
    needs = (UploadLook,)
    question = "does POST of an upload reach a registry that can be written to?"
    probe = "push-upload"
    supersedes = ("push-unexpected-answer",)
    texts = (
        "error parsing HTTP 405 response body",
        "err.code=unsupported * The operation is unsupported",
        "unsupported: The operation is unsupported",
    )
    products = ("distribution", "nginx", "proxy")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, look in pushed(seen):
            opened = look.opened
            if opened.status != 405 or of_nexus(seen, endpoint):
                continue
            title = f"{subject_of(endpoint)} takes no pushes: {_why(opened)}"
            yield finding(seen, self, endpoint, title, [("push-upload", opened)])


def _why(opened: Answer) -> str:
    if opened.method != "POST":
        return "a redirect turned the POST into a GET, which opens no upload (405)"
    if "UNSUPPORTED" in opened.body.upper() and not opened.html:
        return "it answers 405 UNSUPPORTED, as a pull-through cache does"
    allowed = opened.header("Allow")
    if allowed and not opened.html:
        return f"it is read-only, and allows {allowed} (405)"
    if opened.html:
        server = opened.header("Server") or "something"
        return f"{server} before it answers POST with a web page (405)"
    return "it answers POST of an upload with 405"


CHECK = PushToCache()
