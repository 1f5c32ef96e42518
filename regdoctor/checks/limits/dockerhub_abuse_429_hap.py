"""Docker Hub's limit on requests of every kind, which is not the one on pulls."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.auth.logins import is_hub
from regdoctor.checks.auth.refusals import refusals
from regdoctor.checks.judging import answer_evidence, asking, severity_of
from regdoctor.checks.limits.allowance import allowance
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import ManifestLook
from regdoctor.observations.store import Observations


class HubAbuseLimit(Check):
    """429 in its own words, or at Docker Hub while pulls are left."""

    code = "dockerhub-abuse-429-hap"
    summary = "Docker Hub's limit on requests from one address is reached, not the one on pulls"
    needs = (ManifestLook,)
    question = "are pulls left while Docker Hub answers 429?"
    probe = "manifest"
    supersedes = ("manifest-unexpected-answer", "registry-unexpected-answer")
    texts = ("Too Many Requests (HAP429)",)
    products = ("docker-hub", "nexus", "artifactory")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        told: set[str] = set()
        for each in refusals(seen):
            left = allowance(each.answer)
            pulls = is_hub(seen, each.endpoint) and left is not None and left.remaining > 0
            own = "hap429" in each.answer.body.lower()
            if each.answer.status != 429 or not (own or pulls) or each.subject in told:
                continue
            told.add(each.subject)
            breaks = asking(seen, each.endpoint)
            evidence = [answer_evidence(each.answer, each.probe)]
            if left is not None:
                fact = f"{left.remaining} of {left.limit} pulls are left"
                evidence.append(Evidence(fact, each.probe, {"remaining": left.remaining}))
            yield Finding(
                code=self.code,
                title=f"{each.subject} is refused for the number of requests from this address, "
                "not of pulls",
                severity=severity_of(seen, breaks, each.endpoint),
                confidence="certain",
                subject=each.subject,
                evidence=tuple(evidence),
                breaks=breaks,
            )


CHECK = HubAbuseLimit()
