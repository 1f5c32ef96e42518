"""podman runs where the authority is not: another user, or a virtual machine."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.host.asked import asked
from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.clients.certs_d import unreadable
from regdoctor.clients.filesystem import Filesystem
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.host import HostFiles
from regdoctor.observations.machine import MachineFacts
from regdoctor.observations.network import Role
from regdoctor.observations.store import HOST, Observations
from regdoctor.observations.trust import ChainVerdicts


class PodmanRootlessAndMachineCerts(Check):
    """On this host it shows where the user may not read the directory: podman then passes over
    it without a word. What a machine of podman's has inside shows in its output alone."""

    code = "podman-rootless-and-machine-certs"
    summary = "podman cannot read the CA directory that others of this host use"
    question = "does podman run as another user or in a machine, and is the CA readable there?"
    probe = "files"
    texts = ("pinging docker registry returned: Get https://*x509: certificate signed by unknown",)
    symptoms = ("podman login succeeds and podman pull does not trust the registry",)
    clients = ("podman",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        machine = seen.get(MachineFacts, HOST)
        if machine is None or machine.uid == 0 or "podman" not in asked(seen):
            return
        files = seen.get(HostFiles, HOST) or HostFiles()
        for endpoint in seen.endpoints():
            role, verdicts = seen.get(Role, endpoint), seen.get(ChainVerdicts, endpoint)
            if role is None or verdicts is None or "podman" not in verdicts.distrusting():
                continue
            hidden = unreadable(Filesystem(files), role.written)
            if not hidden:
                continue
            yield Finding(
                code=self.code,
                title=f"{machine.user} may not read {hidden}: podman without root passes over it, "
                f"and does not trust {subject_of(endpoint)}",
                severity="warning",
                confidence="likely",
                subject=subject_of(endpoint),
                evidence=(Evidence(f"{hidden}: permission denied", "files", {"path": hidden}),),
                breaks=self.clients,
            )


CHECK = PodmanRootlessAndMachineCerts()
