"""A Nexus gives a manifest and not its blobs: its upstream keeps those elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import BlobLook, ManifestLook, Ping
from regdoctor.observations.products import is_nexus
from regdoctor.observations.store import Observations

_FAILED = (404, 500, 502, 504)


class ProxyBlobs(Check):
    """404 or 5xx of the Nexus itself, never of a host that it redirected to. A proxy that may
    not reach its upstream's storage and a hosted repository that lost a blob look alike."""

    code = "nexus-proxy-quay-blob-failure"
    summary = "the Nexus gives the manifest and cannot give its blobs"
    needs = (BlobLook,)
    question = "is it a proxy repository, and can it reach the hosts of its upstream's blobs?"
    probe = "blob"
    supersedes = ("blob-unexpected-answer",)
    texts = ("DockerProxyFacetImpl - Fetching: GET * /blobs/",)
    products = ("nexus", "quay")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            ping = seen.get(Ping, endpoint)
            manifests = [each for _, each in seen.named(ManifestLook, endpoint) if each.served]
            if not manifests:
                continue
            served = [each.get or each.head for each in manifests]
            told = [answer for answer in served if answer] + ([ping.answer] if ping else [])
            for _, look in seen.named(BlobLook, endpoint):
                answer = look.answer
                if answer is None or look.redirected or answer.status not in _FAILED:
                    continue
                if not is_nexus(answer) and not any(map(is_nexus, told)):
                    continue
                where, breaks = subject_of(endpoint), asking(seen, endpoint)
                yield Finding(
                    code=self.code,
                    title=f"{where}, a Nexus, gives a manifest and answers {answer.status} to its "
                    "blob: it cannot fetch it from its upstream, or has lost it",
                    severity=severity_of(seen, breaks, endpoint),
                    confidence="likely",
                    subject=where,
                    evidence=(answer_evidence(answer, "blob"),),
                    breaks=breaks,
                )
                why = f"{where} does not say of which type the repository is"
                yield OpenQuestion(self.code, self.question, self.probe, why)


CHECK = ProxyBlobs()
