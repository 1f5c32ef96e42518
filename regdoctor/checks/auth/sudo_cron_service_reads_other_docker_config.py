"""The login is in the file of the user who called sudo, and root's file is the one that is read."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.auth.logins import entry_for, helper_for, logins, names_of, unsent
from regdoctor.checks.judging import answer_evidence, severity_of
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.auth import LoginFile, Logins
from regdoctor.observations.store import Observations


class OtherUsersLogin(Check):
    """Seen under sudo alone: of a service or a cron job only its own environment tells."""

    code = "sudo-cron-service-reads-other-docker-config"
    summary = "the login is another user's: sudo, cron and services read their own user's file"
    needs = (Logins,)
    question = "whose file has the login, and whose is read?"
    probe = "credentials"
    supersedes = ("pull-access-denied-or-not-found", "ecr-no-basic-auth-credentials")
    texts = ('Error response from daemon: Head "https://*/manifests/*": no basic auth credentials',)
    symptoms = ("a pull that works for a user fails under sudo, in cron or in a service",)
    clients = ("docker", "buildkit", "podman")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        known = logins(seen)
        for each in unsent(seen):
            names = names_of(seen, each.endpoint)
            file = next((file for file in known.others if _has(file, names)), None)
            if file is None:
                continue
            breaks = (*(("docker", "buildkit") if file.kind == "docker" else ("podman",)), OWN)
            read = ", ".join(file.path for file in known.files)
            yield Finding(
                code=self.code,
                title=f"{each.subject} is refused without a login; the login is in {file.path} of "
                f"{known.invoker}, whose files are not read under sudo",
                severity=severity_of(seen, breaks, each.endpoint),
                confidence="certain",
                subject=each.subject,
                evidence=(
                    answer_evidence(each.answer, each.probe),
                    Evidence(f"{file.path} has a login for it", "files", {"path": file.path}),
                    Evidence(f"read were {read}", "files"),
                ),
                breaks=breaks,
            )


def _has(file: LoginFile, names: tuple[str, ...]) -> bool:
    entry = entry_for(file, names)
    if entry is not None and entry.kind in ("password", "identity", "token"):
        return True
    helper, setting = helper_for(file, names)
    # A store for all registries tells of a login by an empty entry that docker leaves.
    return bool(helper) and (setting != "credsStore" or entry is not None)


CHECK = OtherUsersLogin()
