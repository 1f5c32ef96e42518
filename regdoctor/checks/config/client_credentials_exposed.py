"""A password goes where it need not, or in the clear."""

from __future__ import annotations

from regdoctor.checks.config.kinds import EXPOSED, kinds_of
from regdoctor.checks.config.noted import ConfigCheck


class CredentialsExposed(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = EXPOSED
    summary = (
        "a client would give a password to a mirror that only has to ask,"
        " or send it over plain http"
    )
    question = "to whom does the client offer the password, and over what?"
    kinds = kinds_of(EXPOSED)
    symptoms = ("the password for a registry turns up in the log of another",)
    harmless = "warning"
    about_trust = False
    clients = (
        "docker",
        "buildkit",
        "containerd",
        "podman",
    )


CHECK = CredentialsExposed()
