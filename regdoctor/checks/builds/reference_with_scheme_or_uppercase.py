"""A reference has a scheme in front, upper case in its path, or is none for other reasons."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.builds.references import reference_finding, written
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.store import Observations

_TITLE = {
    "scheme": "{text} begins with a scheme: clients take it for no image",
    "uppercase": "{text} has upper-case letters in its path: clients take it for no image",
    "malformed": "{text} is no image reference",
}


class ReferenceWithSchemeOrUppercase(Check):
    """Judged by the grammar, before any request."""

    code = "reference-with-scheme-or-uppercase"
    summary = "the reference is malformed: a scheme in front, upper case, or an empty part"
    question = "is the reference host/path:tag in lower case, without http:// and /v2/ in it?"
    probe = "reference"
    texts = ("invalid reference format", "repository name must be lowercase")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each, fault in written(seen):
            if fault.kind in _TITLE:
                title = _TITLE[fault.kind].format(text=each.text or "an empty text")
                yield reference_finding(seen, self.code, title, each, fault)


CHECK = ReferenceWithSchemeOrUppercase()
