"""An upload that one replica knows and another does not."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import finding, pushed
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import Answer
from regdoctor.observations.push import UploadLook
from regdoctor.observations.store import Observations

_UNKNOWN = ("BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID")


class ReplicasDiffer(Check):
    """The same upload, asked for several times: here known, there not. A registry that never
    knows it only lacks the request, which few clients send."""

    code = "push-blob-upload-unknown-multi-replica"
    summary = "replicas of the registry do not know each other's uploads"
    needs = (UploadLook,)
    question = "is an upload known whenever it is asked for on a new connection?"
    probe = "push-upload"
    supersedes = ("push-unexpected-answer", "spec-upload-not-cancelled")
    texts = (
        'err.detail="invalid secret"',
        "blob upload unknown",
        "blob upload invalid",
    )
    products = ("distribution", "proxy")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, look in pushed(seen):
            unknown = [each for each in look.polled if _unknown(each)]
            known = [each for each in look.polled if each.ok]
            if not (unknown and known):
                continue
            # A replica that cannot read another's state says invalid; one that lacks it, unknown.
            secret = "BLOB_UPLOAD_INVALID" in unknown[0].body
            why = "their http.secret differs" if secret else "they do not share their storage"
            told = [unknown[0], known[0]]
            yield finding(
                seen,
                self,
                endpoint,
                f"{subject_of(endpoint)} is several registries: an upload was known to "
                f"{len(known)} of {len(look.polled)} requests for it; {why}",
                [("push-upload", each) for each in told],
            )


def _unknown(answer: Answer) -> bool:
    return answer.status in (400, 404) and any(code in answer.body for code in _UNKNOWN)


CHECK = ReplicasDiffer()
