"""A manifest is its bytes: nothing may pack them on the way."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.protocol import Check
from regdoctor.checks.spec.reading import readings
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.images import Asked
from regdoctor.observations.store import Observations

BREAKS = ("containerd", "podman")


class ManifestCompressed(Check):
    """Go unpacks it unasked, and then knows no length any more."""

    code = "spec-manifest-compressed"
    summary = "something before the registry compresses manifests"
    needs = (Asked,)
    question = "is a manifest compressed where the client says that it takes gzip?"
    probe = "spec"
    symptoms = ("a manifest comes without Content-Length to some clients",)
    clients = BREAKS
    products = ("harbor", "nginx", "proxy")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for reading in readings(seen):
            packed = reading.asked("digest-gzip")
            if packed is None or not packed.answer.ok:
                continue
            coding = packed.answer.header("Content-Encoding").strip().lower()
            if coding in ("", "identity"):
                continue
            yield reading.finding(
                self.code,
                f"sends manifests packed ({coding}) to clients that allow it: their length is "
                "lost on the way",
                "info",
                (packed.answer,),
                BREAKS,
            )


CHECK = ManifestCompressed()
