"""registry-mirrors of daemon.json are Docker Hub's, whatever the mirror could do."""

from __future__ import annotations

from regdoctor.checks.config.noted import ConfigCheck


class HubAlone(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = "registry-mirrors-only-apply-to-docker-io"
    summary = "registry-mirrors is for Docker Hub alone: this registry is asked directly"
    question = "is the image of Docker Hub?"
    kinds = ("registry-mirrors-only-apply-to-docker-io",)
    only_failing = True
    texts = ('Get "https://gcr.io/v2/": dial tcp * i/o timeout',)
    symptoms = ("images of ghcr.io or quay.io do not come through the mirror",)
    about_trust = False
    clients = ("docker",)


CHECK = HubAlone()
