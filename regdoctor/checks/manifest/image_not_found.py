"""No endpoint has the manifest, and the registry says so plainly."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.manifest.images import Looked, looks
from regdoctor.checks.products.known import product_evidence
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.http import ManifestLook, Ping
from regdoctor.observations.store import Observations


class ImageNotFound(Check):
    """404 to GET as well as to HEAD, at every endpoint that answered."""

    code = "image-not-found"
    summary = "the registry has no such image: 404 to HEAD and to GET alike"
    needs = (ManifestLook,)
    question = "does GET of the manifest answer 404 as well?"
    probe = "manifest"
    texts = (
        "manifest unknown",
        "manifest for * not found",
        "*: not found",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        by_image: dict[str, list[Looked]] = {}
        for each in looks(seen):
            if not each.served and each.last is not None:
                by_image.setdefault(each.image, []).append(each)
        for image, those in by_image.items():
            missing = [each for each in those if _missing(seen, each)]
            origin = those[-1]
            # Where the origin did not answer, a mirror's 404 proves nothing about the image.
            if not missing or origin not in missing:
                continue
            if any(each.look.get is None for each in missing):
                yield OpenQuestion(
                    self.code, self.question, self.probe, f"only HEAD was asked for {image}"
                )
                continue
            where = listed([subject_of(each.endpoint) for each in missing])
            breaks = asking(seen, origin.endpoint)
            code = "NAME_UNKNOWN" in (origin.last.body if origin.last else "")
            thing = "repository" if code else "tag or digest"
            yield Finding(
                code=self.code,
                title=f"{image} does not exist at {where}: the {thing} is unknown there",
                severity=severity_of(seen, breaks),
                confidence="certain",
                subject=image,
                evidence=(
                    *(
                        answer_evidence(answer, "manifest")
                        for each in missing
                        for answer in (each.look.head, each.look.get)
                        if answer is not None
                    ),
                    *product_evidence(seen, origin.endpoint, self.code),
                ),
                breaks=breaks,
            )


def _missing(seen: Observations, each: Looked) -> bool:
    """404, of something that is a registry: one that gives 404 for ``/v2/`` has no images."""
    ping = seen.get(Ping, each.endpoint)
    registry = ping is None or ping.answer.status != 404
    return registry and each.last is not None and each.last.status == 404


CHECK = ImageNotFound()
