"""The programs whose configuration is evaluated; each family keeps its rows in its module."""

from __future__ import annotations

from regdoctor.clients import buildkitd, cri, ctr, docker_cli, dockerd, k3s, nerdctl
from regdoctor.clients.program import Program

PROGRAMS: tuple[Program, ...] = (
    *ctr.PROGRAMS,
    *cri.PROGRAMS,
    *buildkitd.PROGRAMS,
    *nerdctl.PROGRAMS,
    *k3s.PROGRAMS,
    *dockerd.PROGRAMS,
    *docker_cli.PROGRAMS,
)
