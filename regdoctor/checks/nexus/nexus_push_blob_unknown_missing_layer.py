"""A Nexus shows a blob, and refuses a manifest of it as unknown."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import finding, of_nexus, pushed
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import Answer
from regdoctor.observations.push import DOCKER, IMAGE, StoreLook, UploadLook
from regdoctor.observations.store import Observations


class LayerMissing(Check):
    """Blobs and manifests end in different repositories: a group that reads from its members
    and writes to one, or a proxy that rewrites only some paths."""

    code = "nexus-push-blob-unknown-missing-layer"
    summary = "the Nexus shows a blob and refuses a manifest of it: blob unknown"
    needs = (UploadLook, StoreLook)
    question = "is a manifest taken whose blobs the registry shows?"
    probe = "push-store"
    supersedes = ("push-unexpected-answer",)
    texts = (
        "blob unknown:blob unknown to registry",
        "blob unknown: blob unknown to registry",
    )
    products = ("nexus",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, _ in pushed(seen):
            store = seen.get(StoreLook, endpoint)
            if store is None or not store.shown or not all(each.ok for each in store.shown):
                continue
            unknown = [a for a in map(store.tried, (IMAGE, DOCKER)) if a and _unknown(a)]
            if not unknown or not of_nexus(seen, endpoint):
                continue
            yield finding(
                seen,
                self,
                endpoint,
                f"{subject_of(endpoint)}, a Nexus, shows a blob that was just pushed and answers a "
                f"manifest of it with {unknown[0].status}, blob unknown",
                [("push-store", store.shown[0]), ("push-store", unknown[0])],
            )


def _unknown(answer: Answer) -> bool:
    return answer.status in (400, 404) and "BLOB_UNKNOWN" in answer.body.upper()


CHECK = LayerMissing()
