"""The mirrors of docker.io share one http client with Docker Hub itself."""

from __future__ import annotations

from regdoctor.checks.config.noted import ConfigCheck


class UnverifiedHub(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = "docker-insecure-mirror-unverifies-hub"
    summary = "an insecure mirror turns off verification for Docker Hub, too"
    question = (
        "is a mirror of Docker Hub listed in insecure-registries of an engine of 28 or later?"
    )
    kinds = ("docker-insecure-mirror-unverifies-hub",)
    symptoms = ("any certificate is taken for Docker Hub",)
    harmless = "warning"
    about_trust = False
    clients = (
        "docker",
        "buildkit",
    )


CHECK = UnverifiedHub()
