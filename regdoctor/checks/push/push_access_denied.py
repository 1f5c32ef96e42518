"""The registry refuses to open an upload: the account may not push there."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import finding, pushed
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import CredentialUse, LoginAnswer, TokenAnswer
from regdoctor.observations.push import UploadLook
from regdoctor.observations.store import Observations


class PushAccessDenied(Check):
    """401 or 403 to POST. Credentials that are not taken at all are another finding."""

    code = "push-access-denied"
    summary = "the registry does not let this account push to the repository"
    needs = (UploadLook,)
    question = "may the account that is configured push to the repository?"
    probe = "push-upload"
    supersedes = ("push-unexpected-answer",)
    texts = (
        "push access denied, repository does not exist or may require authorization",
        "denied: requested access to the resource is denied",
        "insufficient_scope: authorization failed",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, look in pushed(seen):
            opened = look.opened
            if opened.status not in (401, 403) or opened.html or _rejected(seen, endpoint):
                continue
            use = seen.get(CredentialUse, endpoint)
            logged_in = use is not None and use.present
            sent = f"with the credentials from {use.source}" if use and logged_in else "anonymously"
            yield finding(
                seen,
                self,
                endpoint,
                f"{subject_of(endpoint)} does not let {look.repository} be pushed to {sent}",
                [
                    ("push-upload", opened),
                    Evidence(f"it was asked {sent}", "credentials", {"present": logged_in}),
                ],
            )


def _rejected(seen: Observations, endpoint: str) -> bool:
    if seen.failure(CredentialUse, endpoint) is not None:
        return True  # they could not be read, which is said as well
    login = seen.get(LoginAnswer, endpoint)
    tokens = [token for _, token in seen.named(TokenAnswer, endpoint)]
    return (login is not None and login.answer.status in (400, 401)) or any(
        token.authenticated and token.answer.status in (400, 401, 403) for token in tokens
    )


CHECK = PushAccessDenied()
