"""The directory is the registry's name as references write it, port and all."""

from __future__ import annotations

from regdoctor.checks.config.kinds import DIRECTORY_NAMES, kinds_of
from regdoctor.checks.config.noted import ConfigCheck


class DirectoryNames(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = DIRECTORY_NAMES
    summary = "the directory of certificates is not named as the registry is written"
    question = (
        "is the directory named exactly as the registry in the reference, with its port or without?"
    )
    kinds = kinds_of(DIRECTORY_NAMES)
    texts = ("x509: certificate signed by unknown authority",)
    clients = (
        "docker",
        "buildkit",
        "containerd",
        "podman",
    )


CHECK = DirectoryNames()
