"""A FROM uses a variable that has no value."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.builds.references import reference_finding, written
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.store import Observations


class BaseImageArgEmpty(Check):
    """Read from the Dockerfile as a build without ``--build-arg`` takes it."""

    code = "base-image-arg-empty"
    summary = "FROM uses a variable that has no value at that point"
    question = "is there an ARG with a default before the first FROM, or a --build-arg for it?"
    probe = "files"
    texts = (
        "base name (*) should not be blank",
        "InvalidDefaultArgInFrom:",
        "creating build container: invalid reference format",
    )
    clients = ("docker", "buildkit", "podman", "kaniko", "regdoctor")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each, fault in written(seen):
            if fault.kind == "blank":
                names = listed([f"${name}" for name in each.blank])
                has = "have" if len(each.blank) > 1 else "has"
                title = f"FROM {each.expression}: {names} {has} no value without --build-arg"
                yield reference_finding(seen, self.code, title, each, fault)


CHECK = BaseImageArgEmpty()
