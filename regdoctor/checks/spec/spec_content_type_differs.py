"""The header has to name the type that the document names."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.manifest.images import parts
from regdoctor.checks.protocol import Check
from regdoctor.checks.spec.reading import Reading
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.images import DigestLook, ImageSeen
from regdoctor.observations.store import Observations

BREAKS = ("docker", "podman")


class ContentTypeDiffers(Check):
    """Docker's parser refuses a document whose mediaType is not that of its header."""

    code = "spec-content-type-differs"
    summary = "a manifest's Content-Type is not the mediaType that it names itself"
    needs = (ImageSeen,)
    question = "is the Content-Type of the manifest its own mediaType?"
    probe = "manifest"
    texts = ("mediaType in manifest should be * not",)
    clients = BREAKS
    products = ("harbor", "kraken")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each, image in parts(seen):
            if not image.declared or image.declared == image.told:
                continue
            look = seen.get(DigestLook, each.endpoint, image.digest)
            answers = (look.answer,) if look is not None else ()
            yield Reading(seen, each.endpoint, mirror=False).finding(
                self.code,
                f"gives {each.image} as {image.told}, and the document says {image.declared}",
                "warning",
                answers,
                BREAKS,
            )


CHECK = ContentTypeDiffers()
