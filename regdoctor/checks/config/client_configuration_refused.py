"""With such a configuration the client contacts nobody: it fails before, or does not start."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.config.noted import severity_for
from regdoctor.checks.plans import plans
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.host import HostFiles
from regdoctor.observations.store import Observations

CRI = "cannot be set when `config_path` is provided"
"""What containerd's log says where its CRI plugin is not loaded."""


class ConfigurationRefused(Check):
    """Told in the client's own words, of a client that is asked for."""

    code = "client-configuration-refused"
    summary = "a client's configuration stops it before it contacts anybody"
    needs = (HostFiles,)
    question = "does the client start, and read its configuration without an error?"
    probe = "files"
    texts: tuple[str, ...] = (
        "loading registries configuration",
        "failed to load TOML",
        "unable to configure the Docker daemon with file",
    )
    clients: tuple[str, ...] = ("docker", "buildkit", "containerd", "podman")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for client, domain, plan in plans(seen):
            if not plan.refuses or not self.tells(plan.refuses):
                continue
            severity = severity_for(seen, (client,), (client,), None)
            if severity is None:
                continue
            yield Finding(
                code=self.code,
                title=f"{domain}: {plan.client} {plan.version} contacts nobody: {plan.refuses}",
                severity=severity,
                confidence="certain",
                subject=domain,
                evidence=(Evidence(f"{plan.client} would say: {plan.refuses}", "files"),),
                breaks=(client,),
            )

    def tells(self, words: str) -> bool:
        """Whether the client's words are of this fault."""
        return CRI not in words


CHECK = ConfigurationRefused()
