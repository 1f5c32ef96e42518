"""A Nexus that opens an upload for a mount and then refuses what is sent to it."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import finding, of_nexus, pushed
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.push import ChunkLook, MountLook, UploadLook
from regdoctor.observations.store import Observations


class MountedUploadInvalid(Check):
    """The same chunk for a plain upload is taken: the mount makes the difference."""

    code = "nexus-buildkit-cache-blob-upload-invalid"
    summary = "the Nexus refuses what is sent to an upload that a mount opened"
    needs = (UploadLook, MountLook)
    question = "does an upload that a mount opened take a chunk, as a plain one does?"
    probe = "push-mount"
    supersedes = ("push-unexpected-answer",)
    texts = ("blob upload invalid",)
    clients = ("buildkit", "containerd")
    products = ("nexus",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, _ in pushed(seen):
            mount, chunk = seen.get(MountLook, endpoint), seen.get(ChunkLook, endpoint)
            if mount is None or mount.written is None or mount.written.status not in (400, 404):
                continue
            plain = chunk is not None and chunk.first is not None and chunk.first.ok
            if not plain or "BLOB_UPLOAD" not in mount.written.body.upper():
                continue
            if not of_nexus(seen, endpoint):
                continue
            yield finding(
                seen,
                self,
                endpoint,
                f"{subject_of(endpoint)}, a Nexus, answers {mount.written.status} to a chunk of an "
                "upload that a mount opened, and takes it for a plain one",
                [("push-mount", mount.opened), ("push-mount", mount.written)],
                breaks=("buildkit", "containerd"),
            )


CHECK = MountedUploadInvalid()
