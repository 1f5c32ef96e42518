"""A container got a config.json whose secrets stayed in the keychain of another machine."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.auth.logins import (
    asks_for_login,
    breaks_of,
    entry_for,
    helper_for,
    logins,
    names_of,
    registries,
)
from regdoctor.checks.judging import severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.auth import LoginFile, Logins
from regdoctor.observations.store import Observations


class MountedConfigIgnored(Check):
    """Two ways: only the name of a keychain was mounted, or REGISTRY_AUTH_FILE points past it."""

    code = "skopeo-container-ignores-mounted-config-credsstore"
    summary = "the mounted config.json has no secret in it, or REGISTRY_AUTH_FILE points past it"
    needs = (Logins,)
    question = "does the file that the client in the container reads hold a login?"
    probe = "credentials"
    supersedes = ("credential-helper-not-in-path", "request-not-sent")
    texts = (
        "uploading manifest * to docker.io/*denied: requested access to the resource is denied",
    )
    clients = ("podman", "kaniko")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        known = logins(seen)
        docker = next((file for file in known.files if file.kind == "docker"), None)
        if docker is None:
            return
        for endpoint in registries(seen):
            names = names_of(seen, endpoint)
            fact = _kept_elsewhere(known, docker, names) or _passed_by(known, docker, names)
            if not fact or not asks_for_login(seen, endpoint):
                continue
            breaks = breaks_of(seen, endpoint, ("podman",))
            subject = subject_of(endpoint)
            yield Finding(
                code=self.code,
                title=f"podman and skopeo have no login for {subject}, although {docker.path} "
                "seems to have one",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(Evidence(fact, "files", {"path": docker.path}),),
                breaks=breaks,
            )


def _kept_elsewhere(known: Logins, docker: LoginFile, names: tuple[str, ...]) -> str:
    """In a container, the helper of the machine that the file came from is missing."""
    entry = entry_for(docker, names)
    helper, setting = helper_for(docker, names)
    if not known.container or entry is None or entry.kind != "empty" or not helper:
        return ""
    if f"docker-credential-{helper}" not in known.missing:
        return ""
    return (
        f"{docker.path} has an empty entry {entry.key} and {setting}: {helper}: the secret is in "
        "a keychain outside of this container"
    )


def _passed_by(known: Logins, docker: LoginFile, names: tuple[str, ...]) -> str:
    """REGISTRY_AUTH_FILE is read instead of docker's file, not beside it."""
    entry = entry_for(docker, names)
    if not known.auth_file or entry is None or entry.kind in ("broken", "empty"):
        return ""
    own = next((file for file in known.files if file.kind == "podman"), None)
    if own is None or own.state not in ("read", "missing") or own.store or own.helpers:
        return ""
    if entry_for(own, names) is not None:
        return ""
    how = "does not exist" if own.state == "missing" else "has no login for it"
    return f"REGISTRY_AUTH_FILE is {known.auth_file}, which {how}; {docker.path} is not read then"


CHECK = MountedConfigIgnored()
