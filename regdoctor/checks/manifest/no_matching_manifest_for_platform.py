"""The tag exists, and not for this platform."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import asking, severity_of
from regdoctor.checks.manifest.platforms import absent
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.images import ImageSeen
from regdoctor.observations.store import Observations


class NoMatchingManifest(Check):
    """docker's words for it end in "not found", which reads as a missing image."""

    code = "no-matching-manifest-for-platform"
    summary = "the image exists, and has nothing for the platform that is asked for"
    needs = (ImageSeen,)
    question = "does the index of the image have an entry for the platform?"
    probe = "manifest"
    texts = (
        "no matching manifest for * in the manifest list entries",
        "no match for platform in manifest: not found",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in absent(seen):
            if each.near:
                continue
            endpoint = each.looked.endpoint
            breaks = asking(seen, endpoint)
            yield Finding(
                code=self.code,
                title=f"{each.looked.image} has no image for {each.platform}; it has "
                f"{listed(each.offered)}",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=each.looked.image,
                evidence=(each.evidence,),
                breaks=breaks,
            )


CHECK = NoMatchingManifest()
