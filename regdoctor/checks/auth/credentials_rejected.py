"""Credentials are configured, were sent, and were not accepted."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.auth.rejected import without_login
from regdoctor.checks.judging import answer_evidence, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import (
    Answer,
    CredentialUse,
    LoginAnswer,
    ManifestLook,
    TokenAnswer,
)
from regdoctor.observations.store import Observations


class CredentialsRejected(Check):
    """401 with credentials: wrong, expired, or of another registry. Names their source."""

    code = "credentials-rejected"
    summary = "the registry does not accept the configured credentials"
    needs = (ManifestLook,)
    question = "does the registry accept the credentials that are configured for it?"
    probe = "manifest"
    supersedes = ("pull-access-denied-or-not-found",)
    texts = (
        "unauthorized: incorrect username or password",
        "unauthorized: authentication required",
        "401 Unauthorized",
    )
    products = (
        "nexus",
        "harbor",
        "gitea",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            refusal = _refusal(seen, endpoint)
            if refusal is None:
                continue
            answer, probe = refusal
            subject = subject_of(endpoint)
            use = seen.get(CredentialUse, endpoint)
            source = use.source if use and use.present else "the command line"
            without = without_login(seen, endpoint)
            breaks = (OWN,)
            yield Finding(
                code=self.code,
                title=f"{subject} does not accept the credentials from {source}",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    answer_evidence(answer, probe),
                    Evidence(f"credentials were sent, from {source}", "credentials"),
                    *((without,) if without is not None else ()),
                ),
                breaks=breaks,
            )


def _refusal(seen: Observations, endpoint: str) -> tuple[Answer, str] | None:
    login = seen.get(LoginAnswer, endpoint)
    if login is not None and login.answer.status in (400, 401):
        return login.answer, "login"
    for _, token in seen.named(TokenAnswer, endpoint):
        if token.authenticated and token.answer.status in (400, 401, 403):
            return token.answer, "token"
    for _, look in seen.named(ManifestLook, endpoint):
        for answer in (look.get, look.head):
            # With a token in hand, 401 on a manifest is about the right, not the login.
            if answer is not None and look.auth == "credentials" and answer.status == 401:
                basic = answer.header("WWW-Authenticate").lower().startswith("basic")
                return (answer, "manifest") if basic else None
    return None


CHECK = CredentialsRejected()
