"""A Nexus that takes Docker's manifests and not OCI's, or no artifacts."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.nexus.traits import version_told
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import answers, finding, of_nexus, pushed
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.push import (
    ARTIFACT,
    ATTESTED,
    DOCKER,
    IMAGE,
    INDEX,
    KINDS,
    STATEMENT,
    ZSTD,
    StoreLook,
    UploadLook,
)
from regdoctor.observations.store import Observations

_KINDS = (IMAGE, INDEX, STATEMENT, ATTESTED, ZSTD, ARTIFACT)


class OciRefused(Check):
    """By what it takes: before 3.23 no OCI manifests, before 3.71 not all of them. The version
    is evidence beside it."""

    code = "nexus-oci-media-types-before-3.71"
    summary = "the Nexus takes Docker's manifests and refuses some or all of OCI's"
    needs = (UploadLook, StoreLook)
    question = "does the Nexus take an OCI image, an index, an attestation and an artifact?"
    probe = "push-store"
    supersedes = ("push-unexpected-answer", "spec-manifest-kind-refused")
    texts = (
        "unexpected status: 400 Bad Request",
        "unexpected status: 500 Server Error",
    )
    clients = ("buildkit", "containerd", "helm")
    products = ("nexus",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, _ in pushed(seen):
            store = seen.get(StoreLook, endpoint)
            docker = store.tried(DOCKER) if store else None
            if store is None or docker is None or not docker.ok or not of_nexus(seen, endpoint):
                continue
            kinds = {kind: store.tried(kind) for kind in _KINDS}
            bad = [(kind, answer) for kind, answer in kinds.items() if answer and _refused(answer)]
            if any(kind == IMAGE for kind, _ in bad):
                bad = [(kind, answer) for kind, answer in bad if kind != ZSTD]
            if not bad:
                continue
            ping = seen.get(Ping, endpoint)
            told = [answer for _, answer in answers(seen, endpoint)]
            told += [ping.answer] if ping else []
            named = " and ".join(KINDS[kind] for kind, _ in bad[:2])
            images = any(kind != ARTIFACT for kind, _ in bad)
            yield finding(
                seen,
                self,
                endpoint,
                f"{subject_of(endpoint)} takes a Docker image manifest and answers {named} "
                f"with {bad[0][1].status}",
                [
                    *(("push-store", answer) for _, answer in bad),
                    Evidence(f"the answers are those of {version_told(told)}", "push-store"),
                ],
                breaks=("buildkit", "containerd", "helm") if images else ("helm",),
            )


def _refused(answer: Answer) -> bool:
    return answer.status >= 400 and "BLOB_UNKNOWN" not in answer.body.upper()


CHECK = OciRefused()
