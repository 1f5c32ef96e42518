"""A builder in a container has files of its own."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "buildkit-mirror-not-used-by-container-builder",
    "a builder in a container does not see the mirrors of daemon.json",
    ("toomanyrequests: You have reached your pull rate limit",),
    question=(
        "is the builder of the docker-container driver, without mirrors in its own buildkitd.toml?"
    ),
    confidence="possible",
    clients=("buildkit",),
    symptoms=("docker pull uses the mirror, a buildx builder goes to Docker Hub",),
)
