"""The classic builder is chosen for a Dockerfile that needs BuildKit."""

from __future__ import annotations

import json
from collections.abc import Iterator

from regdoctor.checks.host.asked import asked
from regdoctor.checks.judging import severity_of
from regdoctor.checks.protocol import Check
from regdoctor.clients.shapes import table
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.host import HostFiles
from regdoctor.observations.machine import MachineFacts
from regdoctor.observations.store import HOST, Observations
from regdoctor.observations.written import DockerfileLook

_FALSE = {"0", "f", "F", "false", "False", "FALSE"}
_DAEMON = "/etc/docker/daemon.json"
_MOST_LINES = 5


class LegacyBuilderLacksMount(Check):
    """The variable decides for every docker CLI. The daemon's own setting is only what it
    proposes: a CLI of 23.0 or later does not go by it."""

    code = "legacy-builder-lacks-mount"
    summary = "the Dockerfile needs BuildKit, and the classic builder is chosen"
    question = "is DOCKER_BUILDKIT 0, is the plugin buildx missing, or is the client an old one?"
    probe = "files"
    texts = ("the --* option requires BuildKit.",)
    clients = ("docker",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        if "docker" not in asked(seen):
            return
        machine = seen.get(MachineFacts, HOST)
        value = machine.environ.get("DOCKER_BUILDKIT", "") if machine else ""
        files = seen.get(HostFiles, HOST) or HostFiles()
        by_variable = value in _FALSE
        if not by_variable and (value or not _off(files)):
            return
        chosen = f"DOCKER_BUILDKIT={value}" if by_variable else f"{_DAEMON}: features.buildkit off"
        for _, look in seen.named(DockerfileLook, HOST):
            if not look.buildkit_only:
                continue
            severity = severity_of(seen, self.clients)
            lines = look.buildkit_only[:_MOST_LINES]
            yield Finding(
                code=self.code,
                title=f"{look.file} uses {lines[0].instruction} {lines[0].option}, and "
                + (
                    "DOCKER_BUILDKIT turns BuildKit off"
                    if by_variable
                    else "daemon.json turns BuildKit off for docker CLIs before 23.0"
                ),
                severity="warning" if severity == "error" and not by_variable else severity,
                confidence="certain" if by_variable else "possible",
                subject=look.file,
                evidence=(
                    Evidence(chosen, "machine" if by_variable else "files"),
                    *(
                        Evidence(
                            f"{look.file}:{each.line}: {each.instruction} {each.option}",
                            "files",
                            {"line": each.line, "option": each.option},
                        )
                        for each in lines
                    ),
                ),
                breaks=self.clients,
            )


def _off(files: HostFiles) -> bool:
    try:
        settings = table(json.loads(files.text(_DAEMON) or "{}"))
    except ValueError:
        return False
    return table(settings.get("features")).get("buildkit") is False


CHECK = LegacyBuilderLacksMount()
