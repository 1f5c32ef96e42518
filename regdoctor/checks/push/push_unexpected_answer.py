"""A step of a push ends in a way that no other check explains."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import answers, finding, how, pushed, refused
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import Answer
from regdoctor.observations.push import DOCKER, IMAGE, KINDS, MountLook, StoreLook, UploadLook
from regdoctor.observations.store import Observations

_REALMS = ("dns", "connect", "tls", "certificate", "proxy")


class PushUnexpectedAnswer(Check):
    """404, 5xx, a web page, a connection that breaks off. The first step that fails is told.

    A registry may take only some kinds of manifests: what is wrong is that it takes neither
    kind of image, or an image of one kind and none of its indexes.
    """

    code = "push-unexpected-answer"
    summary = "the registry answers a step of a push with an error of its own"
    needs = (UploadLook, StoreLook)
    question = "can a blob and an image be stored?"
    probe = "push-upload"
    texts = (
        "unexpected status from POST request to",
        "unexpected status from PUT request to",
        "unexpected status from PATCH request to",
        "received unexpected HTTP status: 500",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, look in pushed(seen):
            failed = next(_failures(seen, endpoint, look), None)
            if failed is not None:
                step, probe, answer = failed
                title = f"{subject_of(endpoint)} {how(answer)} to {step}"
                yield finding(seen, self, endpoint, title, [(probe, answer)])
            store = seen.get(StoreLook, endpoint)
            if look.begun and not look.ended:
                where = subject_of(endpoint)
                why = f"an upload at {where} could not be given up, so no more was sent"
                yield OpenQuestion(self.code, self.question, "push-upload", why)
            if store is not None and store.why_not:
                why = f"nothing was stored at {subject_of(endpoint)}: {store.why_not}"
                yield OpenQuestion(self.code, self.question, "push-store", why)


def _failures(
    seen: Observations, endpoint: str, look: UploadLook
) -> Iterator[tuple[str, str, Answer]]:
    """(step in words, probe, answer) of every step that failed."""
    opened = look.opened
    if opened.status in (401, 403) and not opened.html:
        return  # the account, or its login: other findings
    if "/blobs/uploads" not in opened.url:
        if opened.fault not in _REALMS:  # the way to a token server has findings of its own
            yield "the request for a token to push", "push-upload", opened
        return
    if opened.method != "POST" or opened.status != 202:
        yield f"POST of an upload to {look.repository}", "push-upload", opened
        return
    for probe, answer in answers(seen, endpoint):
        if answer.method == "PATCH" and not answer.ok:
            yield "a chunk of an upload", probe, answer
    mount = seen.get(MountLook, endpoint)
    if mount is not None and refused(mount.written) and mount.written is not None:
        yield "a chunk of an upload that was opened by a mount", "push-mount", mount.written
    store = seen.get(StoreLook, endpoint)
    if store is None or store.why_not:
        return
    for step, stored in (("PUT of a blob", store.whole), ("POST of a blob", store.single)):
        if stored is not None and not stored.ok:
            yield step, "push-store", stored
    for shown in store.shown:
        if not shown.ok:
            yield "HEAD of a blob that it has just stored", "push-store", shown
    first, second = store.tried(IMAGE), store.tried(DOCKER)
    if first is not None and second is not None and not first.ok and not second.ok:
        yield f"PUT of {KINDS[IMAGE]}, and of {KINDS[DOCKER]},", "push-store", first


CHECK = PushUnexpectedAnswer()
