"""A Nexus before an origin that has the image, and "manifest unknown" from the Nexus."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.manifest.images import Looked, looks
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import ManifestLook, Ping
from regdoctor.observations.products import is_nexus
from regdoctor.observations.store import Observations


class UpstreamHidden(Check):
    """A proxy repository answers 404 whatever its upstream said: 401, 429, a bad certificate.
    It shows where the origin itself serves the image; where nobody else was asked, only the
    question can be told."""

    code = "nexus-proxy-hides-upstream-error-as-manifest-unknown"
    summary = "a Nexus says manifest unknown of an image that its upstream has"
    needs = (ManifestLook,)
    question = "does the upstream of the Nexus have the image?"
    probe = "manifest"
    texts = ("manifest for * not found: manifest unknown: manifest unknown",)
    products = ("nexus",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in looks(seen):
            if not _unknown_to_nexus(seen, each):
                continue
            mirror = each.role is not None and each.role.kind == "mirror"
            where = subject_of(each.endpoint)
            if not mirror:
                why = f"{where} is a Nexus, and does not say whether it asked somebody else"
                yield OpenQuestion(self.code, self.question, self.probe, why)
            elif each.served and each.last is not None:
                breaks = asking(seen, each.endpoint)
                yield Finding(
                    code=self.code,
                    title=f"{where}, a Nexus, says manifest unknown of {each.image}, which its "
                    "upstream has: it cannot fetch it, or remembers that it could not",
                    severity=severity_of(seen, breaks, each.endpoint),
                    confidence="likely",
                    subject=f"{where} {each.image}",
                    evidence=(answer_evidence(each.last, "manifest"),),
                    breaks=breaks,
                )


def _unknown_to_nexus(seen: Observations, each: Looked) -> bool:
    """404 of the docker handler itself, to GET."""
    got, ping = each.look.get, seen.get(Ping, each.endpoint)
    if got is None or got.status != 404 or "MANIFEST_UNKNOWN" not in got.body:
        return False
    return is_nexus(got) or (ping is not None and is_nexus(ping.answer))


CHECK = UpstreamHidden()
