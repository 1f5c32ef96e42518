"""``Docker-Content-Digest`` has to be the digest of what comes."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.protocol import Check
from regdoctor.checks.spec.reading import readings
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.images import DigestLook
from regdoctor.observations.store import Observations

BREAKS = ("docker", "podman")


class DigestHeaderWrong(Check):
    """The bytes are right. A header that is missing is no fault: it may be."""

    code = "spec-digest-header-wrong"
    summary = "the registry gives a manifest under a digest that is not the manifest's"
    needs = (DigestLook,)
    question = "is Docker-Content-Digest the digest of the manifest that comes with it?"
    probe = "spec"
    symptoms = ("a tool that reads the digest from a header records a wrong one",)
    clients = BREAKS

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for reading in readings(seen):
            for digest, look in seen.named(DigestLook, reading.endpoint):
                told = look.answer.header("Docker-Content-Digest").strip()
                same_kind = told.partition(":")[0] == digest.partition(":")[0]
                if look.what or not look.answer.ok or not same_kind or told == digest:
                    continue
                yield reading.finding(
                    self.code,
                    f"gives {digest[:19]} with Docker-Content-Digest {told[:19]}",
                    "warning",
                    (look.answer,),
                    BREAKS,
                )
                break


CHECK = DigestHeaderWrong()
