"""Where it does not parse, every mirror is gone, and the pull says nothing."""

from __future__ import annotations

from regdoctor.checks.config.kinds import HOSTS_TOML, kinds_of
from regdoctor.checks.config.noted import ConfigCheck


class HostsToml(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = HOSTS_TOML
    summary = (
        "a hosts.toml does not say what it looks like: it does not parse,"
        " or settings stand in the wrong place"
    )
    question = "does hosts.toml parse, and does every setting stand in the table of its host?"
    kinds = kinds_of(HOSTS_TOML)
    texts = (
        "failed to decode hosts.toml",
        "failed to decode * hosts.toml",
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
    )
    symptoms = ("mirrors in hosts.toml are not used, and no error is printed",)
    harmless = "warning"
    clients = (
        "containerd",
        "nerdctl",
        "kubernetes",
        "docker",
    )


CHECK = HostsToml()
