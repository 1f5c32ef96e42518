"""The programs whose configuration is evaluated; each family keeps its rows in its module."""

from __future__ import annotations

from regdoctor.clients import buildkitd, containers_image, ctr
from regdoctor.clients.program import Program

PROGRAMS: tuple[Program, ...] = (
    *ctr.PROGRAMS,
    *buildkitd.PROGRAMS,
    *containers_image.PROGRAMS,
)
