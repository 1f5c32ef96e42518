"""Findings made of what the plans of clients note about their files."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.plans import plans
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Evidence, Finding, OpenQuestion, Severity
from regdoctor.observations.host import AskedClients, HostFiles
from regdoctor.observations.network import Connection, Resolution, Role
from regdoctor.observations.plans import ConfigNote
from regdoctor.observations.store import HOST, Observations
from regdoctor.observations.trust import ChainVerdicts

HUB = ("docker.io", "registry-1.docker.io", "index.docker.io")

LOSES_MIRRORS = frozenset({"builder-without-mirrors", "hosts-toml-does-not-parse"})
"""Notes of mirrors that are written down and not asked: only the registry itself is left."""


class ConfigCheck(Check):
    """One kind of trap. ``kinds`` are those of the notes that tell of it.

    Of a client that is asked for it is an error where its contact fails, else ``harmless``; of
    another one it is told only where its contact fails. ``only_failing``: what is noted is no
    fault as long as the contact succeeds. ``about_trust``: what is noted can be why a client
    knows no authority for the chain; no other failure is explained by it, but that nobody reaches
    a registry whose mirrors are lost by ``LOSES_MIRRORS``. ``programs`` limits it to some, where a
    kind is not theirs alone.
    """

    needs = (HostFiles,)
    probe = "files"
    kinds: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    only_failing = False
    about_trust = True
    harmless: Severity = "info"

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        told: dict[tuple[str, str, str], list[tuple[str, str, ConfigNote]]] = {}
        for client, domain, plan in plans(seen):
            if self.programs and plan.client not in self.programs:
                continue
            for note in plan.notes:
                if note.kind in self.kinds and not (plan.guessed and _absent(seen, note.file)):
                    key = (note.file, note.subject, note.sentence)
                    told.setdefault(key, []).append((client, domain, note))
        for those in told.values():
            finding = self._finding(seen, those)
            if finding is not None:
                yield finding

    def _finding(
        self, seen: Observations, those: list[tuple[str, str, ConfigNote]]
    ) -> Finding | None:
        clients = tuple(dict.fromkeys(client for client, _, _ in those))
        _, domain, note = those[0]
        failing = tuple(each for each in clients if fails(seen, each, domain))
        unreached = note.kind in LOSES_MIRRORS and unreachable(seen, domain)
        if unreached:
            failing = clients
        severity = self._severity(seen, clients, failing, by_trust=not unreached)
        if severity is None:
            return None
        return Finding(
            code=self.code,
            title=f"{domain}: {note.sentence}",
            severity=severity,
            # That it is so is certain; that it is the cause is not.
            confidence="likely" if severity == "error" else "certain",
            subject=domain,
            evidence=(
                Evidence(
                    note.file if note.file == note.subject else f"{note.file}: {note.subject}",
                    "files",
                    {"file": note.file, "subject": note.subject, "kind": note.kind},
                ),
            ),
            breaks=failing or clients,
        )

    def _severity(
        self,
        seen: Observations,
        clients: tuple[str, ...],
        failing: tuple[str, ...],
        *,
        by_trust: bool,
    ) -> Severity | None:
        if self.only_failing and not failing:
            return None
        if self.about_trust or not by_trust:
            return severity_for(seen, clients, failing, self.harmless)
        return severity_for(seen, clients, (), self.harmless)


def _absent(seen: Observations, file: str) -> bool:
    """Of a client that nobody has seen, a default is not what this host is configured for."""
    files = seen.get(HostFiles, HOST) or HostFiles()
    return file.startswith("/") and file not in files.files and file not in files.directories


def severity_for(
    seen: Observations,
    clients: tuple[str, ...],
    failing: tuple[str, ...],
    otherwise: Severity | None,
) -> Severity | None:
    """``otherwise``: of a client that is asked for and does not fail. None: nothing to tell."""
    asked = seen.get(AskedClients, HOST)
    names = asked.names if asked else (OWN,)
    if any(each in names for each in failing):
        return "error"
    if any(each in names for each in clients):
        return otherwise
    return "info" if failing else None


def unreachable(seen: Observations, domain: str) -> bool:
    """Whether nobody gets as far as the registry itself: its name, or no connection."""
    for endpoint in seen.endpoints():
        role = seen.get(Role, endpoint)
        if role is None or role.kind != "registry" or not _of(role, domain):
            continue
        lookup, connection = seen.get(Resolution, endpoint), seen.get(Connection, endpoint)
        if (lookup and lookup.fault) or (connection and not connection.reached):
            return True
    return False


def fails(seen: Observations, client: str, domain: str) -> bool:
    """Whether the client knows no authority for the chain of an endpoint of the registry.

    A certificate that expired, or is for another name, is no fault of where a CA file lies.
    """
    for endpoint in seen.endpoints():
        role, verdicts = seen.get(Role, endpoint), seen.get(ChainVerdicts, endpoint)
        if role is None or verdicts is None or not _of(role, domain):
            continue
        if client in verdicts.distrusting():
            return True
        verdict = verdicts.of(client)
        if verdict is not None and verdict.broken:
            return True
    return False


def _of(role: Role, domain: str) -> bool:
    named = any(each == domain or (each in HUB and domain in HUB) for each in role.domains)
    return named and role.kind in ("registry", "mirror")
