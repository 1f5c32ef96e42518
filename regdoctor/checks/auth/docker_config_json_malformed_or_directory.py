"""The file with the logins is no JSON, holds an entry that cannot be read, or is a directory."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.auth.logins import (
    asks_for_login,
    breaks_of,
    entry_for,
    logins,
    names_of,
    readers,
    registries,
)
from regdoctor.checks.judging import severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.auth import LoginFile, Logins
from regdoctor.observations.store import Observations


class ConfigJsonMalformed(Check):
    """docker warns and goes on without a login: told where the registry asks for one."""

    code = "docker-config-json-malformed-or-directory"
    summary = (
        "the file with the logins is no valid JSON, has an unreadable entry, or is a directory"
    )
    needs = (Logins,)
    question = "can the file with the logins be read as JSON?"
    probe = "credentials"
    supersedes = ("request-not-sent",)
    texts = (
        "Error loading config file: */config.json",
        r"Error loading config file:*\config.json",
        'Unsupported entry in "auths" section of "*config.json"',
        "resolving authorization for * failed: *config.json: is a directory",
    )
    clients = ("docker", "buildkit", "kaniko", "podman")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in registries(seen):
            if not asks_for_login(seen, endpoint):
                continue
            for file in logins(seen).files:
                fault = _fault(file, names_of(seen, endpoint))
                if not fault:
                    continue
                breaks = breaks_of(seen, endpoint, readers(file))
                subject = subject_of(endpoint)
                yield Finding(
                    code=self.code,
                    title=f"no login for {subject} is read from {file.path}: {fault}",
                    severity=severity_of(seen, breaks, endpoint),
                    confidence="certain",
                    subject=subject,
                    evidence=(Evidence(f"{file.path}: {fault}", "files", {"path": file.path}),),
                    breaks=breaks,
                )
                break


def _fault(file: LoginFile, names: tuple[str, ...]) -> str:
    if file.state == "directory":
        return "it is a directory, as an engine makes it for a missing file of -v"
    if file.state == "malformed":
        return file.detail
    entry = entry_for(file, names)
    if entry is not None and entry.kind == "broken":
        return f"of the entry {entry.key}, {entry.fault}"
    return ""


CHECK = ConfigJsonMalformed()
