"""The programs whose configuration is evaluated; each family keeps its rows in its module."""

from __future__ import annotations

from regdoctor.clients import (
    buildkitd,
    buildx,
    containers_image,
    crane,
    cri,
    ctr,
    docker_cli,
    docker_desktop,
    dockerd,
    k3s,
    kaniko,
    kind,
    nerdctl,
)
from regdoctor.clients.program import Program

PROGRAMS: tuple[Program, ...] = (
    *dockerd.PROGRAMS,
    *docker_cli.PROGRAMS,
    *docker_desktop.PROGRAMS,
    *buildkitd.PROGRAMS,
    *buildx.PROGRAMS,
    *ctr.PROGRAMS,
    *cri.PROGRAMS,
    *kind.PROGRAMS,
    *nerdctl.PROGRAMS,
    *k3s.PROGRAMS,
    *containers_image.PROGRAMS,
    *crane.PROGRAMS,
    *kaniko.PROGRAMS,
)
