"""A credential helper is named in a file, and its program is not there."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.auth.logins import (
    breaks_of,
    helper_for,
    logins,
    names_of,
    readers,
    registries,
)
from regdoctor.checks.judging import severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.auth import Logins
from regdoctor.observations.store import Observations


class CredentialHelperNotInPath(Check):
    """Clients ask the helper before every pull, so pulls that need no login fail as well."""

    code = "credential-helper-not-in-path"
    summary = "a credential helper is configured, and its program is not in PATH"
    needs = (Logins,)
    question = "are the credential helpers that the files name in PATH?"
    probe = "credentials"
    supersedes = ("request-not-sent",)
    texts = (
        'error getting credentials - err: exec: "docker-credential-*": executable file not found',
        'error listing credentials - err: exec: "docker-credential-*": executable file not found',
    )
    clients = ("docker", "buildkit", "podman", "docker-desktop")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        known = logins(seen)
        for endpoint in registries(seen):
            names = names_of(seen, endpoint)
            for file in known.files:
                helper, setting = helper_for(file, names)
                program = f"docker-credential-{helper}"
                if not helper or program not in known.missing:
                    continue
                breaks = breaks_of(seen, endpoint, readers(file))
                subject = subject_of(endpoint)
                yield Finding(
                    code=self.code,
                    title=f"logins for {subject} are asked of {program}, which is not in PATH",
                    severity=severity_of(seen, breaks, endpoint),
                    confidence="certain",
                    subject=subject,
                    evidence=(
                        Evidence(
                            f"{file.path} has {setting}: {helper}",
                            "files",
                            {"path": file.path, "setting": setting, "helper": helper},
                        ),
                        Evidence(f"no directory of PATH has {program}", "files"),
                    ),
                    breaks=breaks,
                )
                break


CHECK = CredentialHelperNotInPath()
