"""What is not there has to be answered with 404."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.protocol import Check
from regdoctor.checks.spec.reading import Reading, readings
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.images import Asked, QuestionName
from regdoctor.observations.store import Observations

_THINGS: tuple[tuple[QuestionName, str], ...] = (
    ("missing-tag", "HEAD of a tag"),
    ("missing-digest", "GET of a manifest"),
    ("missing-blob", "HEAD of a blob"),
)
BREAKS = ("docker", "buildkit", "containerd", "podman")


class MissingNot404(Check):
    """A push asks first whether something is there: 200 makes it leave the thing out, and any
    error but 404 ends it."""

    code = "spec-missing-not-404"
    summary = "the registry answers otherwise than 404 where there is nothing"
    needs = (Asked,)
    question = "is a tag, a digest and a blob that nobody has answered with 404?"
    probe = "spec"
    texts = ("unexpected status from HEAD request to *: 500 Internal Server Error",)
    clients = BREAKS
    products = ("artifactory", "nexus")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for reading in readings(seen):
            if reading.mirror:
                continue  # nobody pushes there
            wrong = [
                (thing, asked)
                for question, thing in _THINGS
                if (asked := reading.asked(question)) is not None and self._is_wrong(reading, asked)
            ]
            if wrong:
                thing, asked = wrong[0]
                yield reading.finding(
                    self.code,
                    f"answers {asked.answer.status} to {thing} that does not exist",
                    "warning",
                    [each.answer for _, each in wrong],
                    BREAKS,
                )

    def _is_wrong(self, reading: Reading, asked: Asked) -> bool:
        if asked.answer.method == "HEAD" and not reading.head_works:
            return False
        if asked.question == "missing-blob" and reading.blobs_fail:
            return False
        # A pull-through cache of Distribution answers 500 to a digest that its origin does not
        # have, and no client minds: it would have gone on to the next host anyway.
        if asked.question == "missing-digest" and asked.answer.status >= 500:
            return False
        return asked.answer.status != 404


CHECK = MissingNot404()
