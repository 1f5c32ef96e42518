"""The registry refuses the image: it may be missing, private, or not for these credentials."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.auth.words import telling
from regdoctor.checks.judging import answer_evidence, asking, severity_of
from regdoctor.checks.manifest.images import Looked, looks
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.auth import GrantedScopes
from regdoctor.observations.http import (
    Answer,
    Challenge,
    CredentialUse,
    ManifestLook,
    Ping,
    TokenAnswer,
)
from regdoctor.observations.store import Observations


class PullAccessDenied(Check):
    """Registries answer alike for "no such repository" and "not for you"; says what was sent."""

    code = "pull-access-denied-or-not-found"
    summary = "the registry refuses the image: missing, private, or no right to it"
    needs = (ManifestLook,)
    question = "what do the credentials, or their absence, allow in that repository?"
    probe = "manifest"
    texts = (
        "pull access denied",
        "insufficient_scope: authorization failed",
        "requested access to the resource is denied",
        "repository does not exist or may require",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in looks(seen):
            answer = _refusal(seen, each)
            if answer is None or each.served or _explained(seen, each):
                continue
            breaks = asking(seen, each.endpoint)
            use = seen.get(CredentialUse, each.endpoint)
            logged_in = use is not None and use.present
            sent = f"with the credentials from {use.source}" if use and logged_in else "anonymously"
            yield Finding(
                code=self.code,
                title=f"{each.image} is refused {sent}: it does not exist there, or is not for "
                + ("this account" if logged_in else "everybody"),
                severity=severity_of(seen, breaks, each.endpoint),
                confidence="certain",
                subject=each.image,
                evidence=(
                    answer_evidence(answer, "manifest"),
                    Evidence(f"it was asked for {sent}", "credentials", {"present": logged_in}),
                    *_granted(seen, each),
                ),
                breaks=breaks,
            )
            yield OpenQuestion(
                self.code,
                f"does an account that owns {each.image} see it?",
                self.probe,
                "registries do not tell a missing repository from a forbidden one",
            )


def _explained(seen: Observations, each: Looked) -> bool:
    """A mirror that wants a login, a token that could not be had, credentials that could not be
    read or were not taken, a refusal of everything: each is another finding."""
    if seen.failure(CredentialUse, each.endpoint) is not None:
        return True
    ping = seen.get(Ping, each.endpoint)
    if ping is not None and (
        ping.answer.dead_end
        or (ping.answer.status == 403 and ping.answer.html)
        or telling(ping.answer)
    ):
        return True
    answer = each.last
    basic = any(c.lower().startswith("basic") for c in answer.challenges) if answer else False
    if answer is not None and answer.status == 401 and basic and each.look.auth == "credentials":
        return True
    if each.role is not None and each.role.kind == "mirror":
        return each.look.auth in ("none", "anonymous")
    tokens = [token for _, token in seen.named(TokenAnswer, each.endpoint)]
    challenge = seen.get(Challenge, each.endpoint)
    asked_in_vain = answer is not None and answer.status == 401 and not tokens
    if challenge is not None and challenge.scheme == "bearer" and asked_in_vain:
        return True  # its realm could not even be asked
    return any(
        not token.granted and (token.authenticated or token.answer.status not in (401, 403))
        for token in tokens
    )


def _granted(seen: Observations, each: Looked) -> Iterator[Evidence]:
    """What the token that was refused is good for, where it can be read."""
    found = seen.get(GrantedScopes, each.endpoint)
    if found is None or not found.readable or found.repository != each.look.repository:
        return
    fact = f"the token server was asked for {listed(found.asked)} and granted "
    granted = listed(found.granted) if found.granted else "nothing"
    data = {"asked": list(found.asked), "granted": list(found.granted)}
    yield Evidence(fact + granted, "granted-scopes", data)


def _refusal(seen: Observations, each: Looked) -> Answer | None:
    answer = each.last
    if answer is not None and answer.status in (401, 403):
        return answer
    if answer is None:
        for name, token in seen.named(TokenAnswer, each.endpoint):
            wanted = f"repository:{each.look.repository}:"
            if wanted in name and not token.granted and token.answer.status in (401, 403):
                return token.answer
    return None


CHECK = PullAccessDenied()
