"""podman's words for a token server that refuses a login, of public images as well."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.auth.logins import used_entry
from regdoctor.checks.auth.refusals import Refusal, of_logins
from regdoctor.checks.auth.rejected import rejected, source_of
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.auth import AnonymousToken
from regdoctor.observations.host import AskedClients
from regdoctor.observations.http import Challenge, TokenAnswer
from regdoctor.observations.store import HOST, Observations


class PodmanInvalidPassword(Check):
    """Where the login is podman's own, or it is podman whose eyes the user looks through."""

    code = "podman-invalid-username-password-401"
    summary = "the token server refuses podman's login, and podman then asks no other way"
    needs = (TokenAnswer,)
    question = "does the token server give a token without the login?"
    probe = "token"
    supersedes = ("credentials-rejected",)
    texts = (
        "unable to retrieve auth token: 401 unauthorized",
        "unable to retrieve auth token: invalid username/password",
    )
    clients = ("podman",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        asked = seen.get(AskedClients, HOST)
        for each in of_logins(seen):
            used = used_entry(seen, each.endpoint)
            own = used is not None and used[0].kind == "podman"
            by_podman = asked is not None and asked.names == ("podman",)
            if not (own or by_podman) or not _at_realm(seen, each):
                continue
            without = seen.get(AnonymousToken, each.endpoint)
            title = (
                f"{each.subject} does not accept the login from {source_of(seen, each.endpoint)}"
            )
            if without is not None and without.granted:
                title += ", and would give a token without one"
            yield rejected(seen, each, self.code, title, "certain", breaks=("podman", OWN))


def _at_realm(seen: Observations, refusal: Refusal) -> bool:
    """The token server said it, not the registry."""
    challenge = seen.get(Challenge, refusal.endpoint)
    realm = challenge.realm.partition("?")[0] if challenge else ""
    return bool(realm) and refusal.answer.url.partition("?")[0] == realm


CHECK = PodmanInvalidPassword()
