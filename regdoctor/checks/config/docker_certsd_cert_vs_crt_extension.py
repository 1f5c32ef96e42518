"""A name decides what a file is: another suffix, and nobody reads it."""

from __future__ import annotations

from regdoctor.checks.config.kinds import CERTIFICATE_NAMES, kinds_of
from regdoctor.checks.config.noted import ConfigCheck


class CertificateNames(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = CERTIFICATE_NAMES
    summary = "a certificate file has a name that the client does not read"
    question = (
        "does every CA file end in .crt, and every client certificate in .cert with its .key?"
    )
    kinds = kinds_of(CERTIFICATE_NAMES)
    texts = (
        "missing key * for * certificate",
        "Missing client certificate * for key",
        "x509: certificate signed by unknown authority",
    )
    clients = (
        "docker",
        "buildkit",
        "containerd",
        "podman",
    )


CHECK = CertificateNames()
