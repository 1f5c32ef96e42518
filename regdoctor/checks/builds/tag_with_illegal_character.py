"""A tag has a character that no tag may have."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.builds.references import reference_finding, written
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.store import Observations


class TagWithIllegalCharacter(Check):
    """Judged by the grammar, before any request."""

    code = "tag-with-illegal-character"
    summary = "the tag has a character that no tag may have, or is too long"
    question = "does the tag match [A-Za-z0-9_][A-Za-z0-9._-]{0,127}?"
    probe = "reference"
    texts = ("/manifests/*+*: unexpected status code 400", "invalid tag format")
    products = ("ecr",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each, fault in written(seen):
            if fault.kind == "tag":
                title = f"{each.text} has no tag that any registry takes"
                yield reference_finding(seen, self.code, title, each, fault)


CHECK = TagWithIllegalCharacter()
