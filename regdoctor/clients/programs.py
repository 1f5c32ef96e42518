"""The programs whose configuration is evaluated; each family keeps its rows in its module."""

from __future__ import annotations

from regdoctor.clients import buildkitd, cri, ctr, docker_cli, dockerd
from regdoctor.clients.program import Program

PROGRAMS: tuple[Program, ...] = (
    *ctr.PROGRAMS,
    *cri.PROGRAMS,
    *buildkitd.PROGRAMS,
    *dockerd.PROGRAMS,
    *docker_cli.PROGRAMS,
)
