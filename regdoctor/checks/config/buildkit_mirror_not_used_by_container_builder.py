"""A builder in a container has files of its own."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.config.noted import ConfigCheck
from regdoctor.checks.printed import OnlyPrinted
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.store import Observations

CODE = "buildkit-mirror-not-used-by-container-builder"


class Noted(ConfigCheck):
    """Told of a builder that was judged, and of the daemon.json beside it."""

    code = CODE
    kinds = ("builder-without-mirrors",)
    about_trust = False


class ContainerBuilder(OnlyPrinted):
    """By the words of a client, and by the files of a host."""

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        yield from super().findings(seen)
        yield from Noted().findings(seen)


CHECK = ContainerBuilder(
    CODE,
    "a builder in a container does not see the mirrors of daemon.json",
    ("toomanyrequests: You have reached your pull rate limit",),
    question=(
        "is the builder of the docker-container driver, without mirrors in its own buildkitd.toml?"
    ),
    confidence="possible",
    clients=("buildkit",),
    symptoms=("docker pull uses the mirror, a buildx builder goes to Docker Hub",),
)
