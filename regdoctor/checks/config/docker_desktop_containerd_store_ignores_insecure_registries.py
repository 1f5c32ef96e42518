"""Some versions of Docker Desktop did not hand the setting on to the new image store."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "docker-desktop-containerd-store-ignores-insecure-registries",
    (
        "Docker Desktop with the containerd image store verifies a "
        "registry that is listed as insecure"
    ),
    (
        (
            "failed to do request: Head * tls: failed to verify certificate: "
            "x509: certificate signed by"
        ),
    ),
    question=(
        "is the registry among the insecure ones of docker info, and is "
        "the containerd image store on?"
    ),
    confidence="possible",
    clients=("docker-desktop",),
)
