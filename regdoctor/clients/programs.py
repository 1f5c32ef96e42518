"""The programs whose configuration is evaluated; each family keeps its rows in its module."""

from __future__ import annotations

from regdoctor.clients import (
    buildkitd,
    containers_image,
    crane,
    cri,
    ctr,
    docker_cli,
    dockerd,
    k3s,
    kaniko,
    nerdctl,
)
from regdoctor.clients.program import Program

PROGRAMS: tuple[Program, ...] = (
    *dockerd.PROGRAMS,
    *docker_cli.PROGRAMS,
    *buildkitd.PROGRAMS,
    *ctr.PROGRAMS,
    *cri.PROGRAMS,
    *nerdctl.PROGRAMS,
    *k3s.PROGRAMS,
    *containers_image.PROGRAMS,
    *crane.PROGRAMS,
    *kaniko.PROGRAMS,
)
