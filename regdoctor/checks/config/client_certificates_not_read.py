"""The file is right, and lies where another client looks."""

from __future__ import annotations

from regdoctor.checks.config.kinds import UNREAD, kinds_of
from regdoctor.checks.config.noted import ConfigCheck


class CertificatesNotRead(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = UNREAD
    summary = "an authority lies in a directory that the failing client does not read"
    question = "which directory does the client read for this registry?"
    kinds = kinds_of(UNREAD)
    only_failing = True
    texts = ("x509: certificate signed by unknown authority",)
    clients = (
        "docker",
        "buildkit",
        "podman",
    )


CHECK = CertificatesNotRead()
