"""Every client puts /v2 somewhere of its own."""

from __future__ import annotations

from regdoctor.checks.config.kinds import MIRROR_PATHS, kinds_of
from regdoctor.checks.config.noted import ConfigCheck


class MirrorPaths(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = MIRROR_PATHS
    summary = "the path of a mirror has one /v2 too many, or none at all"
    question = "under which path does the client ask the mirror, and does it answer there?"
    kinds = kinds_of(MIRROR_PATHS)
    texts = (
        "unexpected status * /v2/v2/",
        "unexpected status from HEAD request to *v2/*/v2/*: 404",
        "unexpected status from HEAD request to *v2/*/v2/*: 401",
        "unexpected media type text/html for sha256:",
    )
    symptoms = ("a mirror with a path is asked under a path that it does not have",)
    about_trust = False
    clients = (
        "containerd",
        "kubernetes",
        "docker",
    )


CHECK = MirrorPaths()
