"""A user without subordinate ids unpacks no image whose files have several owners."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.host.asked import asked
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion, Severity
from regdoctor.observations.host import HostFiles
from regdoctor.observations.machine import MachineFacts
from regdoctor.observations.store import HOST, Observations

USUAL = 65_536
"""Ids that useradd hands out; images use ids up to 65534 (nobody)."""
_FILES = ("/etc/subuid", "/etc/subgid")


class RootlessInsufficientSubuids(Check):
    """Only of a plain user who has podman or buildah, and where no directory service has the
    ranges."""

    code = "rootless-insufficient-subuids"
    summary = "the user has too few subordinate ids to unpack images without root"
    question = "do /etc/subuid and /etc/subgid give the user a range of 65536 ids?"
    probe = "files"
    texts = (
        "there might not be enough IDs available in the namespace",
        "potentially insufficient UIDs or GIDs available in user namespace",
        "no subuid ranges found for user",
        "no subgid ranges found for",
    )
    clients = ("podman",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        machine = seen.get(MachineFacts, HOST)
        files = seen.get(HostFiles, HOST) or HostFiles()
        if machine is None or machine.uid == 0 or "podman" not in asked(seen):
            return
        if not {"podman", "buildah"} & set(machine.programs) or _elsewhere(files):
            return
        counts = {path: _ids(files, path, machine) for path in _FILES}
        least = min(counts.values())
        if least >= USUAL:
            return
        severity: Severity = "warning" if least else "error"
        yield Finding(
            code=self.code,
            title=f"{machine.user} has {least or 'no'} subordinate ids: images whose files belong "
            "to others than root cannot be unpacked",
            severity=severity,
            confidence="likely" if least else "certain",
            subject=machine.user,
            evidence=tuple(
                Evidence(f"{path}: {count} ids for {machine.user}", "files", {"ids": count})
                for path, count in counts.items()
            ),
            breaks=self.clients,
        )


def _ids(files: HostFiles, path: str, machine: MachineFacts) -> int:
    """All ids that ``user:first:count`` lines of the file give the user, by name or number."""
    total = 0
    for line in (files.text(path) or "").splitlines():
        name, _, rest = line.strip().partition(":")
        count = rest.rpartition(":")[2]
        if name in (machine.user, str(machine.uid)) and count.isdecimal():
            total += int(count)
    return total


def _elsewhere(files: HostFiles) -> bool:
    """Whether nsswitch.conf has the ranges come from a service, or a file could not be read."""
    for line in (files.text("/etc/nsswitch.conf") or "").splitlines():
        key, _, sources = line.partition("#")[0].partition(":")
        if key.strip() == "subid" and sources.split() not in ([], ["files"]):
            return True
    return any((seen := files.files.get(path)) is not None and seen.error for path in _FILES)


CHECK = RootlessInsufficientSubuids()
