"""A mount that cannot be done must open an upload instead, and ends in an error."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import finding, how, pushed
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.push import MountLook, UploadLook
from regdoctor.observations.store import Observations


class MountRefused(Check):
    """A plain upload was opened, so the right to push is there."""

    code = "spec-upload-mount-refused"
    summary = "the registry answers the mount of a blob with an error, not with an upload"
    needs = (UploadLook, MountLook)
    question = "does a mount that cannot be done open an upload?"
    probe = "push-mount"
    texts = ("unexpected status from POST request to *mount=",)
    clients = ("buildkit", "containerd")
    products = ("proxy",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, _ in pushed(seen):
            look = seen.get(MountLook, endpoint)
            if look is None or look.opened.status in (201, 202, 413, 429):
                continue
            yield finding(
                seen,
                self,
                endpoint,
                f"{subject_of(endpoint)} {how(look.opened)} to the mount of a blob, where a new "
                "upload would be right",
                [("push-mount", look.opened)],
                breaks=("buildkit", "containerd"),
            )


CHECK = MountRefused()
