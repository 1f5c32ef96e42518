"""A builder in a container does not see the engine's images."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "local-image-invisible-to-container-builder",
    "a builder in a container does not see the images of the engine, and asks Docker Hub for them",
    (
        "ERROR [internal] load metadata for docker.io/library/",
        "ERROR: pull access denied, repository does not exist or may require authorization",
    ),
    question="is the image in the engine (docker image ls) while the driver of the builder "
    "is not docker?",
    confidence="possible",
    clients=("buildkit", "docker"),
)
