"""A key of credHelpers has a wildcard, which no client understands."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator

from regdoctor.checks.auth.logins import helper_for, logins, names_of, readers, unsent
from regdoctor.checks.judging import answer_evidence, severity_of
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.auth import Logins
from regdoctor.observations.store import Observations


class CredHelpersWildcard(Check):
    """The pattern was meant for this registry; keys are compared letter by letter."""

    code = "credhelpers-no-wildcard-and-docker-build"
    summary = "credHelpers has a key with a wildcard, which no client understands"
    needs = (Logins,)
    question = "does credHelpers name this registry letter by letter?"
    probe = "credentials"
    supersedes = (
        "pull-access-denied-or-not-found",
        "ecr-no-basic-auth-credentials",
    )
    texts = ('ERROR: for * Get "https://*/manifests/*": no basic auth credentials',)
    clients = ("docker", "buildkit", "podman")
    products = ("ecr",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in unsent(seen):
            names = names_of(seen, each.endpoint)
            for file in logins(seen).files:
                key = next(
                    (
                        host
                        for host, _ in file.helpers
                        if "*" in host and any(fnmatch.fnmatchcase(name, host) for name in names)
                    ),
                    "",
                )
                if not key or helper_for(file, names)[0]:
                    continue
                breaks = (*readers(file), OWN)
                yield Finding(
                    code=self.code,
                    title=f"{each.subject} is refused without a login: {key} in credHelpers is "
                    "no pattern, so its helper was never asked",
                    severity=severity_of(seen, breaks, each.endpoint),
                    confidence="certain",
                    subject=each.subject,
                    evidence=(
                        answer_evidence(each.answer, each.probe),
                        Evidence(
                            f"{file.path} has credHelpers {key}",
                            "files",
                            {"path": file.path, "key": key},
                        ),
                    ),
                    breaks=breaks,
                )
                break


CHECK = CredHelpersWildcard()
