"""A Nexus repository that is not hosted, or not for this account, refuses an upload."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import finding, of_nexus, pushed
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.push import UploadLook
from regdoctor.observations.store import Observations

_GROUP = "deploying to groups"


class PushToGroup(Check):
    """A group says so in its words. Without them a proxy repository, and a hosted one without
    the right to edit, look alike: both are named."""

    code = "nexus-push-to-group-or-proxy"
    summary = "a push goes to a Nexus group or proxy repository, which takes none"
    needs = (UploadLook,)
    question = "is the repository behind this port hosted, and may the account edit it?"
    probe = "push-upload"
    supersedes = (
        "push-access-denied",
        "push-to-pull-through-cache-405",
        "push-unexpected-answer",
    )
    texts = (
        "DENIED: Deploying to groups is a PRO-licensed feature",
        "Deploying to groups is a PRO-licensed feature",
    )
    products = ("nexus",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, look in pushed(seen):
            opened, where = look.opened, subject_of(endpoint)
            group = _GROUP in opened.body.lower()
            if opened.status not in (400, 403, 404, 405) or opened.method != "POST":
                continue
            if not group and not of_nexus(seen, endpoint):
                continue
            if group:
                title = f"{where} is a Nexus group repository, which takes no pushes here"
            else:
                title = (
                    f"{where}, a Nexus, refuses the push ({opened.status}): a proxy or group "
                    "repository, or a hosted one that this account may not edit"
                )
            yield finding(
                seen,
                self,
                endpoint,
                title,
                [("push-upload", opened)],
                confidence="certain" if group else "likely",
            )
            if not group:
                why = f"{where} does not say of which type the repository is"
                yield OpenQuestion(self.code, self.question, self.probe, why)


CHECK = PushToGroup()
