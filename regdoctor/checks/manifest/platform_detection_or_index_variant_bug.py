"""The architecture is there, in another variant than is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import asking, severity_of
from regdoctor.checks.manifest.platforms import absent
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.images import ImageSeen
from regdoctor.observations.store import Observations


class IndexVariant(Check):
    """An engine that reads its CPU's variant wrong, or an index that says too much or little."""

    code = "platform-detection-or-index-variant-bug"
    summary = "the image has the architecture, in another variant than the client asks for"
    needs = (ImageSeen,)
    question = "does the index have the architecture in another variant?"
    probe = "manifest"
    supersedes = ("no-matching-manifest-for-platform",)
    texts = ("no matching manifest for */unknown in the manifest list entries",)
    clients = ("docker", "buildkit", "containerd", "podman")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in absent(seen):
            if not each.near:
                continue
            endpoint = each.looked.endpoint
            breaks = asking(seen, endpoint)
            yield Finding(
                code=self.code,
                title=f"{each.looked.image} has {listed(each.near)}, and {each.platform} is asked "
                "for: the variants do not match",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=each.looked.image,
                evidence=(each.evidence,),
                breaks=breaks,
            )


CHECK = IndexVariant()
