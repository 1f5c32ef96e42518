"""The image store is containerd's, the directory is not."""

from __future__ import annotations

from regdoctor.checks.config.noted import ConfigCheck


class ContainerdDirectory(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = "dockerd-does-not-read-containerd-certsd"
    summary = "certificates lie in containerd's directory, and dockerd reads its own"
    question = "are the registry's files in /etc/docker/certs.d?"
    kinds = ("dockerd-does-not-read-containerd-certsd",)
    only_failing = True
    texts = ("x509: certificate signed by unknown authority",)
    clients = (
        "docker",
        "buildkit",
    )


CHECK = ContainerdDirectory()
