"""Our own settings kept a request from being sent: credentials that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import severity_of, subject_of
from regdoctor.checks.manifest.images import looks
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import CredentialUse, Ping
from regdoctor.observations.store import Observations


class RequestNotSent(Check):
    """A credentials file that is no JSON, a helper that is not there: never left unsaid."""

    code = "request-not-sent"
    summary = "credentials or settings on this host cannot be read, so the registry was not asked"
    needs = ()
    question = "can the credentials that are configured for the registry be read?"
    probe = "credentials"
    texts = (
        "error getting credentials",
        "docker-credential-*: executable file not found",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        told: set[str] = set()
        for endpoint in seen.endpoints():
            failure = seen.failure(CredentialUse, endpoint)
            ping = seen.get(Ping, endpoint)
            # A registry that serves anybody is not asked with credentials.
            wanted = ping is not None and ping.answer.status == 401
            if failure is not None and not failure.internal and wanted:
                told.add(endpoint)
                yield self._finding(seen, endpoint, subject_of(endpoint), failure.why)
        for each in looks(seen):
            unasked = each.look.head is None and each.look.get is None and each.look.error
            if unasked and not each.served and each.endpoint not in told:
                yield self._finding(seen, each.endpoint, each.image, each.look.error)

    def _finding(self, seen: Observations, endpoint: str, subject: str, why: str) -> Finding:
        breaks = (OWN,)
        return Finding(
            code=self.code,
            title=f"{subject} was not asked as it should be: {why}",
            severity=severity_of(seen, breaks, endpoint),
            confidence="certain",
            subject=subject,
            evidence=(Evidence(why, "credentials"),),
            breaks=breaks,
        )


CHECK = RequestNotSent()
