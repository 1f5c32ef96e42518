"""A manifest about another one is taken, and its subject is not noticed."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import finding, pushed
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.push import ARTIFACT, StoreLook, UploadLook
from regdoctor.observations.store import Observations


class SubjectIgnored(Check):
    """With a referrers API, OCI-Subject must say that the subject was noticed, or clients keep
    a tag of their own beside (the tag schema). Without the API all is as it was, and quiet."""

    code = "spec-push-subject-ignored"
    summary = "the registry has a referrers API and does not notice the subject of a manifest"
    needs = (UploadLook, StoreLook)
    question = "is a manifest with a subject listed among its referrers?"
    probe = "push-store"
    symptoms = ("a signature or list of parts was pushed, and is not found with its image",)
    clients = ("crane", "helm")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, _ in pushed(seen):
            store = seen.get(StoreLook, endpoint)
            artifact = store.tried(ARTIFACT) if store else None
            if store is None or artifact is None or not artifact.ok or store.referrers is None:
                continue
            listed = store.referrers
            if not listed.ok or listed.html or '"manifests"' not in listed.body:
                continue
            noticed = bool(artifact.header("OCI-Subject"))
            digest = artifact.url.rpartition("/")[2]
            there = digest in listed.body
            if noticed and there:
                continue
            what = "does not list it" if noticed else "sends no OCI-Subject"
            yield finding(
                seen,
                self,
                endpoint,
                f"{subject_of(endpoint)} took a manifest about an image and {what}, though it has "
                "a referrers API",
                [("push-store", artifact), ("push-store", listed)],
                breaks=("crane", "helm"),
                as_severity="warning",
            )


CHECK = SubjectIgnored()
