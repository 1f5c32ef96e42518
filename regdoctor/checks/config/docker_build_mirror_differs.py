"""One registry-mirrors entry, two URLs: pull and build read it differently."""

from __future__ import annotations

from regdoctor.checks.config.kinds import BUILD_MIRRORS, kinds_of
from regdoctor.checks.config.noted import ConfigCheck


class BuildMirrors(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = BUILD_MIRRORS
    summary = "docker build asks a mirror by another URL than docker pull does"
    question = "under which URL does docker build ask the mirror, and does it answer there?"
    kinds = kinds_of(BUILD_MIRRORS)
    symptoms = ("docker pull uses the mirror and docker build does not",)
    about_trust = False
    clients = (
        "docker",
        "buildkit",
    )


CHECK = BuildMirrors()
