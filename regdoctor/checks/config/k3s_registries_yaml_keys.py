"""configs are keyed by the host that is contacted, not by the name that is mirrored."""

from __future__ import annotations

from regdoctor.checks.config.kinds import K3S
from regdoctor.checks.config.noted import ConfigCheck


class K3sKeys(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = "k3s-registries-yaml-keys"
    summary = "the keys of registries.yaml do not match what k3s contacts"
    question = "are the keys of configs the hosts of the endpoints, without a scheme?"
    kinds = tuple(K3S)
    programs = (
        "k3s",
        "rke2",
    )
    texts = (
        "x509: certificate signed by unknown authority",
        "kubelet Failed to pull image * failed to resolve",
    )
    clients = ("k3s",)


CHECK = K3sKeys()
