"""A login that was not taken, as every check words it that knows why."""

from __future__ import annotations

from regdoctor.checks.auth.refusals import Refusal
from regdoctor.checks.judging import answer_evidence, severity_of
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Confidence, Evidence, Finding
from regdoctor.observations.auth import AnonymousToken
from regdoctor.observations.http import CredentialUse
from regdoctor.observations.store import Observations


def rejected(
    seen: Observations,
    refusal: Refusal,
    code: str,
    title: str,
    confidence: Confidence,
    *facts: str,
    breaks: tuple[str, ...] = (OWN,),
) -> Finding:
    """A finding about ``refusal``: the answer, where the login came from, then ``facts``."""
    evidence = [
        answer_evidence(refusal.answer, refusal.probe),
        Evidence(f"credentials were sent, from {source_of(seen, refusal.endpoint)}", "credentials"),
        *(Evidence(fact, "credentials") for fact in facts),
    ]
    if (without := without_login(seen, refusal.endpoint)) is not None:
        evidence.append(without)
    return Finding(
        code=code,
        title=title,
        severity=severity_of(seen, breaks, refusal.endpoint),
        confidence=confidence,
        subject=refusal.subject,
        evidence=tuple(evidence),
        breaks=breaks,
    )


def source_of(seen: Observations, endpoint: str) -> str:
    """Where the login came from."""
    use = seen.get(CredentialUse, endpoint)
    return use.source if use and use.present else "the command line"


def without_login(seen: Observations, endpoint: str) -> Evidence | None:
    """What the token server gives those who send none, where it was asked."""
    found = seen.get(AnonymousToken, endpoint)
    if found is None or not found.answer.status:
        return None
    if found.granted:
        fact = "without a login the token server gives a token: what everybody may pull goes on"
    else:
        fact = f"without a login the token server gives none either ({found.answer.status})"
    return Evidence(fact, "anonymous-token", {"granted": found.granted})
