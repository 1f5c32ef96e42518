"""What ctr shows says nothing about the kubelet, and the other way round."""

from __future__ import annotations

from regdoctor.checks.config.noted import ConfigCheck


class CtrAlone(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = "containerd-ctr-ignores-cri-config"
    summary = "ctr does not read the registry settings of the CRI plugin"
    question = "was it ctr that failed, without --hosts-dir?"
    kinds = ("ctr-ignores-config-path",)
    texts = ("ctr: failed to do request: Head",)
    about_trust = False
    clients = ("containerd",)


CHECK = CtrAlone()
