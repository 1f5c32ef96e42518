"""A Nexus that asks for a password and gives nobody a token: anonymous pulls cannot be."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.manifest.images import Looked, looks
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import Answer, CredentialUse, ManifestLook, Ping
from regdoctor.observations.products import is_nexus
from regdoctor.observations.store import Observations


class RealmMissing(Check):
    """Its own BASIC challenge, to a client without credentials that wants an image. With the
    realm active the challenge is Bearer, and a refusal then is about the right to see it. A
    mirror that wants a login has a finding of its own, for not every client can send one."""

    code = "nexus-bearer-token-realm-missing"
    summary = "the Nexus asks for a password only, so nobody pulls from it without a login"
    needs = (Ping, ManifestLook)
    question = "does the Nexus offer tokens (Bearer), or a password only (Basic)?"
    probe = "manifest"
    supersedes = ("pull-access-denied-or-not-found",)
    texts = (
        "login attempt to * failed with status: 401 Unauthorized",
        "unauthorized: access to the requested resource is not authorized",
    )
    products = ("nexus",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in looks(seen):
            answer = _refused(seen, each)
            if answer is None:
                continue
            where = subject_of(each.endpoint)
            breaks = asking(seen, each.endpoint)
            yield Finding(
                code=self.code,
                title=f"{each.image} is refused without a login: the Nexus at {where} asks for a "
                "password (BASIC) and offers no token, so anonymous pulls are off",
                severity=severity_of(seen, breaks, each.endpoint),
                confidence="likely",
                subject=each.image,
                evidence=(
                    answer_evidence(answer, "manifest"),
                    Evidence(
                        f"it asks for {answer.challenges[0]}",
                        "manifest",
                        {"challenges": list(answer.challenges)},
                    ),
                ),
                breaks=breaks,
            )
            yield OpenQuestion(
                self.code,
                f"is {each.image} meant to be pulled without a login?",
                "settings",
                "the realm, anonymous pulls of the repository, and forced basic authentication "
                "look alike from outside",
            )


def _refused(seen: Observations, each: Looked) -> Answer | None:
    answer, use = each.last, seen.get(CredentialUse, each.endpoint)
    if answer is None or answer.status != 401 or each.served:
        return None
    if each.role is not None and each.role.kind == "mirror":
        return None
    logged_in = use is not None and use.present
    unread = seen.failure(CredentialUse, each.endpoint) is not None
    if logged_in or unread or each.look.auth == "credentials" or not answer.challenges:
        return None
    basic = all(value.lower().startswith("basic") for value in answer.challenges)
    return answer if basic and is_nexus(answer) else None


CHECK = RealmMissing()
