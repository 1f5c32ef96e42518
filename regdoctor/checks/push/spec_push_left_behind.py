"""What was stored could not be deleted, although the registry had said that it deletes."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import finding, pushed
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.push import StoreLook, UploadLook
from regdoctor.observations.store import Observations


class LeftBehind(Check):
    """Names each thing, so that a person can remove it. No tag was made."""

    code = "spec-push-left-behind"
    summary = "the registry still shows a blob or manifest after it was deleted"
    needs = (UploadLook, StoreLook)
    question = "is a manifest or blob gone after DELETE of it?"
    probe = "push-store"
    symptoms = ("deleted images are still there, and garbage collection frees nothing",)
    clients = ()

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, look in pushed(seen):
            store = seen.get(StoreLook, endpoint)
            if store is None or not store.left:
                continue
            yield finding(
                seen,
                self,
                endpoint,
                f"{subject_of(endpoint)} still shows what was deleted from {look.repository}: "
                f"{listed(store.left, 2)}",
                [Evidence(f"{each} is still there", "push-store") for each in store.left],
                breaks=(),
                as_severity="warning",
            )


CHECK = LeftBehind()
