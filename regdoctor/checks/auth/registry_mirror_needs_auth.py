"""A mirror wants a login that the client in front of it will never send."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
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
from regdoctor.observations.network import Role
from regdoctor.observations.store import Observations


class RegistryMirrorNeedsAuth(Check):
    """Anonymous access is refused: 401 to the end, or a token server that gives none.

    dockerd never sends a mirror's own credential; BuildKit, podman and regdoctor do, where
    there is one.
    """

    code = "registry-mirror-needs-auth"
    summary = "a mirror demands a login that the client does not send it"
    needs = (Ping,)
    question = "does the mirror serve manifests to anonymous clients?"
    probe = "ping"
    supersedes = ("pull-access-denied-or-not-found",)
    texts = (
        "unauthorized: authentication required",
        "no basic auth credentials",
    )
    products = ("nexus",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            role, ping = seen.get(Role, endpoint), seen.get(Ping, endpoint)
            if role is None or role.kind != "mirror":
                continue
            refusal = _refused(seen, endpoint, ping)
            if refusal is None:
                continue
            login = seen.get(CredentialUse, endpoint)
            logged_in = login is not None and login.present
            breaks = _breaks(role, logged_in)
            if not breaks:
                continue
            subject = subject_of(endpoint)
            domains = listed(role.domains)
            probe = "manifest" if "/manifests/" in refusal.url else "ping"
            yield Finding(
                code=self.code,
                title=f"{subject}, a mirror of {domains}, demands a login "
                f"that {listed(breaks)} will not send",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    answer_evidence(refusal, probe),
                    Evidence(
                        f"it is a mirror of {domains} by {listed(role.origins)}",
                        "files",
                        {"origins": list(role.origins)},
                    ),
                    Evidence(
                        f"credentials for {role.written} "
                        + (
                            f"are in {login.source}"
                            if login and logged_in
                            else "are not configured"
                        ),
                        "credentials",
                        {"present": logged_in},
                    ),
                ),
                breaks=breaks,
            )


def _refused(seen: Observations, endpoint: str, ping: Ping | None) -> Answer | None:
    """The answer by which anonymous clients are turned away, None where they are not."""
    granted = seen.get(GrantedScopes, endpoint)
    if granted is not None and granted.alone is not None and granted.alone.ok:
        return None  # with another token, nobody needs a login
    for _, look in seen.named(ManifestLook, endpoint):
        answer = look.get or look.head
        if answer is not None and look.auth in ("none", "anonymous"):
            return answer if answer.status in (401, 403) else None
    if ping is None or ping.answer.status != 401:
        return None
    for _, token in seen.named(TokenAnswer, endpoint):
        if not token.authenticated:
            return None if token.granted else token.answer
    challenge = seen.get(Challenge, endpoint)
    return ping.answer if challenge is None or challenge.scheme == "basic" else None


def _breaks(role: Role, logged_in: bool) -> tuple[str, ...]:
    asked = role.asked_by or (OWN,)
    never = ("docker", "containerd")
    return tuple(client for client in asked if client in never or not logged_in)


CHECK = RegistryMirrorNeedsAuth()
