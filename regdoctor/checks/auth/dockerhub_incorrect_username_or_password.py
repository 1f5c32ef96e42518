"""Docker Hub does not take the login; what in it looks mistyped, without showing it."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.auth.logins import is_hub, used_entry, user_of
from regdoctor.checks.auth.refusals import of_logins
from regdoctor.checks.auth.rejected import rejected, source_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import TokenAnswer
from regdoctor.observations.store import Observations


class DockerHubIncorrectPassword(Check):
    """An e-mail address is no Docker ID; accounts with two factors need an access token."""

    code = "dockerhub-incorrect-username-or-password"
    summary = "Docker Hub does not accept the user name or the password"
    needs = (TokenAnswer,)
    question = "does Docker Hub accept the configured login?"
    probe = "token"
    supersedes = ("credentials-rejected", "podman-invalid-username-password-401")
    texts = ("registry-1.docker.io/v2/: unauthorized: incorrect username or password",)
    products = ("docker-hub",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in of_logins(seen):
            if not is_hub(seen, each.endpoint) or each.answer.status != 401:
                continue
            facts = []
            user, used = user_of(seen, each), used_entry(seen, each.endpoint)
            if "@" in user:
                facts.append(f"{user} looks like an e-mail address; a Docker ID is wanted")
            facts += [f"the password {what}" for what in (used[1].oddities if used else ())]
            title = f"Docker Hub does not accept the login from {source_of(seen, each.endpoint)}"
            yield rejected(seen, each, self.code, title, "certain", *facts)


CHECK = DockerHubIncorrectPassword()
