"""An image is taken, and manifests of other kinds are not."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import finding, pushed
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations import push
from regdoctor.observations.http import Answer
from regdoctor.observations.push import KINDS, StoreLook, UploadLook
from regdoctor.observations.store import Observations

_BUILDS = (push.IMAGE, push.INDEX, push.LIST, push.STATEMENT, push.ATTESTED)
"""What builds and pushes of several platforms need; the rest is told as a note."""
_OTHERS = (push.ARTIFACT, push.CACHE_IMAGE, push.ZSTD)


class KindRefused(Check):
    """One small image was put in every form. A cache as an index of layers, and Docker's own
    image, are findings of their own."""

    code = "spec-manifest-kind-refused"
    summary = "the registry takes images and refuses other kinds of manifests"
    needs = (UploadLook, StoreLook)
    question = "are OCI images, indexes, attestations and artifacts taken?"
    probe = "push-store"
    texts = ("failed commit on ref *: unexpected status from PUT request to * 415",)
    symptoms = ("docker push works, and a build with attestations or several platforms is refused",)
    clients = ("buildkit", "containerd", "helm")
    products = ("artifactory", "harbor", "quay", "pulp")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, _ in pushed(seen):
            store = seen.get(StoreLook, endpoint)
            if store is None or not (_ok(store.tried(push.IMAGE)) or _ok(store.tried(push.DOCKER))):
                continue
            # Where no OCI image is taken, its variants say nothing new.
            others = _OTHERS if _ok(store.tried(push.IMAGE)) else ()
            bad = [
                (kind, answer)
                for kind in (*_BUILDS, *others)
                if (answer := store.tried(kind)) is not None and answer.status >= 400
            ]
            if not bad:
                continue
            builds = any(kind in _BUILDS for kind, _ in bad)
            named = listed([KINDS[kind] for kind, _ in bad])
            yield finding(
                seen,
                self,
                endpoint,
                f"{subject_of(endpoint)} takes an image and answers {named} with "
                f"{bad[0][1].status}",
                [("push-store", answer) for _, answer in bad],
                breaks=("buildkit", "containerd", "helm") if builds else ("helm",),
                as_severity=None if builds else "info",
            )


def _ok(answer: Answer | None) -> bool:
    return answer is not None and answer.ok


CHECK = KindRefused()
