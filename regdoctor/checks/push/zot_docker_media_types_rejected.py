"""OCI manifests are taken and Docker's are not."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import finding, pushed
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.push import DOCKER, IMAGE, StoreLook, UploadLook
from regdoctor.observations.store import Observations

_BREAKS = ("docker", "buildkit")


class DockerTypesRejected(Check):
    """The same image, put once as OCI's and once as Docker's: one difference, two answers."""

    code = "zot-docker-media-types-rejected"
    summary = "the registry takes OCI manifests and refuses Docker's, as zot does by default"
    needs = (UploadLook, StoreLook)
    question = "is a Docker image manifest taken where an OCI one is?"
    probe = "push-store"
    supersedes = ("push-unexpected-answer",)
    texts = (
        "unexpected status * 415 Unsupported Media Type",
        "manifest invalid * application/vnd.docker.distribution.manifest.v2+json",
    )
    symptoms = ("docker push ends in 400 or 415 at zot, and pushes of OCI images work",)
    clients = _BREAKS
    products = ("zot",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, _ in pushed(seen):
            store = seen.get(StoreLook, endpoint)
            oci, docker = (store.tried(IMAGE), store.tried(DOCKER)) if store else (None, None)
            if oci is None or docker is None or not oci.ok or docker.status not in (400, 415, 422):
                continue
            yield finding(
                seen,
                self,
                endpoint,
                f"{subject_of(endpoint)} takes an OCI image manifest and answers the same image "
                f"as Docker's with {docker.status}",
                [("push-store", docker), ("push-store", oci)],
                breaks=_BREAKS,
            )


CHECK = DockerTypesRejected()
