"""The transfer service takes config_path for one directory."""

from __future__ import annotations

from regdoctor.checks.config.noted import ConfigCheck


class ColonList(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = "containerd-config-path-colon-list"
    summary = (
        "config_path is a list, and containerd since 2.1 takes it for one"
        " directory: no hosts.toml is read"
    )
    question = "does config_path hold a colon, and is the pull done by the transfer service?"
    kinds = ("config-path-with-colon",)
    symptoms = ("crictl and the kubelet never use the mirror, and no error is logged",)
    harmless = "warning"
    clients = (
        "containerd",
        "kubernetes",
    )


CHECK = ColonList()
