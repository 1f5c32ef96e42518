"""The host tables of a hosts.toml take the place of daemon.json."""

from __future__ import annotations

from regdoctor.checks.config.noted import ConfigCheck


class OverriddenByTables(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = "docker29-insecure-or-certsd-looks-configured"
    summary = (
        "registry-mirrors or insecure-registries have no effect, because "
        "a hosts.toml has tables for the registry"
    )
    question = "is there a hosts.toml with [host] tables for the registry in /etc/docker/certs.d?"
    kinds = ("docker29-insecure-or-certsd-looks-configured",)
    texts = (
        "http: server gave HTTP response to HTTPS client",
        "x509: certificate signed by unknown authority",
    )
    clients = (
        "docker",
        "buildkit",
    )


CHECK = OverriddenByTables()
