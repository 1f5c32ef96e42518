"""Since 28 a mirror is trusted by what lies in the directory of docker.io."""

from __future__ import annotations

from regdoctor.checks.config.noted import ConfigCheck


class OriginCertificates(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = "docker-mirror-uses-origin-certsd-not-mirror-certsd"
    summary = (
        "the mirror's CA lies in the mirror's directory, and the engine reads that of docker.io"
    )
    question = "is the mirror's CA in /etc/docker/certs.d/docker.io?"
    kinds = ("docker-mirror-uses-origin-certsd-not-mirror-certsd",)
    only_failing = True
    texts = ("x509: certificate signed by unknown authority",)
    clients = (
        "docker",
        "buildkit",
    )


CHECK = OriginCertificates()
