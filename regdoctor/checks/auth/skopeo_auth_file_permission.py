"""podman, buildah and skopeo may not read the file in which they look for logins."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.auth.logins import breaks_of, logins, registries
from regdoctor.checks.judging import severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.auth import Logins
from regdoctor.observations.store import Observations


class SkopeoAuthFilePermission(Check):
    """They stop there, of public images too."""

    code = "skopeo-auth-file-permission"
    summary = "podman, buildah and skopeo may not read the file in which they look for logins"
    needs = (Logins,)
    question = "can this user read auth.json?"
    probe = "credentials"
    supersedes = ("request-not-sent",)
    texts = ("reading JSON file *auth.json*: open *auth.json: permission denied",)
    clients = ("podman",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        barred = next(
            (f for f in logins(seen).files if f.kind == "podman" and f.state == "unreadable"), None
        )
        if barred is None:
            return
        for endpoint in registries(seen):
            breaks = breaks_of(seen, endpoint, ("podman",))
            subject = subject_of(endpoint)
            yield Finding(
                code=self.code,
                title=f"podman and skopeo stop before they ask {subject}: they may not read "
                f"{barred.path}",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    Evidence(f"{barred.path}: {barred.detail}", "files", {"path": barred.path}),
                ),
                breaks=breaks,
            )


CHECK = SkopeoAuthFilePermission()
