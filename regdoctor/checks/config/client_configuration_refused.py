"""With such a configuration the client contacts nobody: it fails before, or does not start."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.config.noted import severity_for
from regdoctor.checks.plans import plans
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.host import HostFiles
from regdoctor.observations.plans import ClientPlanSeen
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
        # docker's pulls and builds fail over the same file: that is one fault.
        told: dict[tuple[str, str, str], list[ClientPlanSeen]] = {}
        for client, domain, plan in plans(seen):
            if plan.refuses and self.tells(plan.refuses):
                told.setdefault((client, domain, plan.refuses), []).append(plan)
        for (client, domain, words), those in told.items():
            severity = severity_for(seen, (client,), (client,), None)
            if severity is None:
                continue
            names = listed([plan.client for plan in those])
            verb = "contacts" if len(those) == 1 else "contact"
            yield Finding(
                code=self.code,
                title=f"{domain}: {names} {those[0].version} {verb} nobody: {words}",
                severity=severity,
                confidence="certain",
                subject=domain,
                evidence=(Evidence(f"{names} would say: {words}", "files"),),
                breaks=(client,),
            )

    def tells(self, words: str) -> bool:
        """Whether the client's words are of this fault."""
        return CRI not in words


CHECK = ConfigurationRefused()
