"""A digest that pins less than the image: one platform's manifest, or an attestation."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import asking, severity_of
from regdoctor.checks.manifest.images import Looked, parts
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.images import ImageSeen
from regdoctor.observations.store import Observations


class PinnedDigest(Check):
    """The wrong line of a list of digests was copied."""

    code = "pinned-digest-is-single-arch-or-attestation"
    summary = "the digest in the reference is of one platform's manifest, or of an attestation"
    needs = (ImageSeen,)
    question = "what does the digest of the reference name?"
    probe = "manifest"
    texts = (
        "no match for platform in manifest sha256:",
        "was found but its platform * does not match the specified platform",
    )
    clients = ("docker", "buildkit", "containerd", "kubernetes", "podman")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each, image in parts(seen):
            if not image.pinned or image.index:
                continue
            breaks = asking(seen, each.endpoint)
            evidence = (
                Evidence(
                    f"{image.digest} is a manifest of {image.config_platform or 'no platform'}, "
                    f"{len(image.layers)} layers",
                    "manifest",
                    {"platform": image.config_platform, "layers": list(image.layers)},
                ),
            )
            if image.attestation:
                yield Finding(
                    code=self.code,
                    title=f"{each.image} pins an attestation, not an image",
                    severity=severity_of(seen, breaks, each.endpoint),
                    confidence="certain",
                    subject=each.image,
                    evidence=evidence,
                    breaks=breaks,
                )
            elif _other_platform(image):
                yield _one_platform(self.code, each, image, evidence, breaks)


def _one_platform(
    code: str,
    each: Looked,
    image: ImageSeen,
    evidence: tuple[Evidence, ...],
    breaks: tuple[str, ...],
) -> Finding:
    """It is pulled all the same, and its programs do not run."""
    return Finding(
        code=code,
        title=f"{each.image} pins the manifest of {image.config_platform} alone, and "
        f"{' and '.join(image.wanted)} is wanted",
        severity="warning",
        confidence="certain",
        subject=each.image,
        evidence=evidence,
        breaks=breaks,
    )


def _other_platform(image: ImageSeen) -> bool:
    """Another system or architecture: of variants a machine runs more than one."""
    own = image.config_platform.split("/")[:2]
    known = "image.config" in image.config_type or "container.image" in image.config_type
    return known and len(own) == 2 and all(own != each.split("/")[:2] for each in image.wanted)


CHECK = PinnedDigest()
