"""A password of ECR lives twelve hours, and this one has ended."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.auth.logins import logins, names_of, readers, registries, used_entry
from regdoctor.checks.auth.refusals import Refusal, refusals
from regdoctor.checks.auth.worded import GENERIC
from regdoctor.checks.auth.words import telling
from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import day, span
from regdoctor.observations.auth import LoginEntry, LoginFile, Logins
from regdoctor.observations.store import Observations


class EcrTokenExpired(Check):
    """By the registry's own words, or by the end that the password itself names."""

    code = "ecr-token-expired-12h"
    summary = "the password for Amazon ECR has expired: it lives 12 hours"
    needs = (Logins,)
    question = "when does the stored password for ECR end?"
    probe = "credentials"
    supersedes = (*GENERIC, "robot-or-token-account-expired")
    texts = (
        "denied: Your authorization token has expired. Reauthenticate and try again",
        "denied: Your Authorization Token has expired. Please run 'aws ecr get-login",
    )
    products = ("ecr",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        told: set[str] = set()
        for each in refusals(seen):
            stale = used_entry(seen, each.endpoint)
            expired = stale is not None and _ended(seen, stale[1])
            if not (each.sent and expired) and telling(each.answer) != self.code:
                continue
            if each.subject not in told:
                told |= {each.subject, subject_of(each.endpoint)}
                yield self._refused(seen, each, stale if expired else None)
        for endpoint in registries(seen):
            subject, names = subject_of(endpoint), names_of(seen, endpoint)
            for file in logins(seen).files:
                for entry in file.entries:
                    if subject in told or entry.key not in names or not _ended(seen, entry):
                        continue
                    told.add(subject)
                    breaks = readers(file)
                    yield self._finding(seen, endpoint, subject, breaks, (file, entry), ())

    def _refused(
        self, seen: Observations, each: Refusal, stale: tuple[LoginFile, LoginEntry] | None
    ) -> Finding:
        breaks = asking(seen, each.endpoint) if telling(each.answer) else (OWN,)
        seen_so = (answer_evidence(each.answer, each.probe),)
        return self._finding(seen, each.endpoint, each.subject, breaks, stale, seen_so)

    def _finding(
        self,
        seen: Observations,
        endpoint: str,
        subject: str,
        breaks: tuple[str, ...],
        stale: tuple[LoginFile, LoginEntry] | None,
        evidence: tuple[Evidence, ...],
    ) -> Finding:
        title = f"{subject} is refused: the password for Amazon ECR has expired"
        if stale is not None:
            file, entry = stale
            since = span(logins(seen).at - entry.expires)
            title = f"the password for {entry.key} in {file.path} expired {since} ago"
            fact = f"{file.path}, {entry.key}: the password names {day(entry.expires)} as its end"
            evidence = (*evidence, Evidence(fact, "files", {"path": file.path, "key": entry.key}))
        return Finding(
            code=self.code,
            title=title,
            severity=severity_of(seen, breaks, endpoint),
            confidence="certain",
            subject=subject,
            evidence=evidence,
            breaks=breaks,
        )


def _ended(seen: Observations, entry: LoginEntry) -> bool:
    return bool(entry.expires) and entry.expires < logins(seen).at


CHECK = EcrTokenExpired()
