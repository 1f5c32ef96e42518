"""The storage refuses the signed address that the registry gave, or the login beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from regdoctor.checks.blob.storages import redirected
from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.products.known import product_evidence
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import Answer, BlobLook
from regdoctor.observations.images import Asked
from regdoctor.observations.store import Observations

_CODE = re.compile(r"<Code>([A-Za-z]+)</Code>|\"code\"\s*:\s*\"([A-Za-z]+)\"")
_SIGNED = {
    "SignatureDoesNotMatch": "the signature does not fit the request: it was altered on the way",
    "RequestTimeTooSkewed": "the clocks of registry and storage differ",
    "AccessDenied": "the signed address is expired, or not for this object",
    "ExpiredToken": "what the registry signs with has expired",
    "InvalidAccessKeyId": "the storage does not know the key that the registry signs with",
    "AuthenticationFailed": "the signature is not accepted",
    "InvalidArgument": "more than one kind of login was sent",
    "InvalidAuthenticationInfo": "more than one kind of login was sent",
}
"""What S3, its likes and Azure call it."""
FORWARDING = ("docker", "buildkit", "containerd")
"""Go's client sends a login on to other ports of the same name, and to names below it."""


class SignatureOrLogin(Check):
    """A proxy that rewrites host or path of a signed URL, a clock, a login that came along."""

    code = "blob-redirect-signature-or-auth-forwarded"
    summary = "the storage behind the registry refuses the signed address, or a login beside it"
    needs = (BlobLook,)
    question = "does the storage give the blob to the same address without an Authorization?"
    probe = "blob"
    supersedes = ("blob-unexpected-answer",)
    texts = (
        "SignatureDoesNotMatch",
        "RequestTimeTooSkewed",
        "Only one auth mechanism allowed",
        "Authentication information is not given in the correct format",
    )
    products = ("acr", "distribution", "harbor", "nginx", "proxy")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in redirected(seen):
            without = seen.get(Asked, each.endpoint, "blob-without-login")
            if without is not None and without.answer.ok:
                why = "refuses a login beside the signed address, and gives the blob without it"
                breaks = asking(seen, each.endpoint, (*FORWARDING, OWN))
                answers: tuple[Answer, ...] = (each.answer, without.answer)
            elif each.answer.status in _REFUSALS and _reason(each.answer):
                why = f"answers {each.answer.status}: {_reason(each.answer)}"
                breaks = asking(seen, each.endpoint)
                answers = (each.answer,)
            else:
                continue
            # Where we were given the blob, others are not.
            severity = severity_of(seen, breaks, each.endpoint)
            yield Finding(
                code=self.code,
                title=f"{subject_of(each.storage)}, where {subject_of(each.endpoint)} keeps its "
                f"blobs, {why}",
                severity="warning" if severity == "info" else severity,
                confidence="certain",
                subject=subject_of(each.endpoint),
                evidence=(
                    each.evidence,
                    *(answer_evidence(answer, "blob") for answer in answers),
                    *product_evidence(seen, each.endpoint, self.code),
                ),
                breaks=breaks,
            )


_REFUSALS = (400, 401, 403)


def _reason(answer: Answer) -> str:
    """What the storage's own error code means; empty where it has none that is known."""
    found = _CODE.search(answer.body)
    code = (found[1] or found[2]) if found is not None else ""
    return f"{code}, {_SIGNED[code]}" if code in _SIGNED else ""


CHECK = SignatureOrLogin()
