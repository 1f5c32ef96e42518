"""The options of a mirror stand under the mirror's own name."""

from __future__ import annotations

from regdoctor.checks.config.kinds import BUILDKIT_TABLES, kinds_of
from regdoctor.checks.config.noted import ConfigCheck


class BuildKitTables(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = BUILDKIT_TABLES
    summary = (
        "options in buildkitd.toml stand in the table of another host "
        "than the one that is contacted"
    )
    question = (
        "has every host that is contacted a table of its own, by the name and port that are used?"
    )
    kinds = kinds_of(BUILDKIT_TABLES)
    programs = (
        "buildkitd",
        "docker-build",
        "cri",
    )
    texts = (
        "http: server gave HTTP response to HTTPS client",
        "x509: certificate signed by unknown authority",
    )
    clients = (
        "buildkit",
        "containerd",
    )


CHECK = BuildKitTables()
