"""The limit on pulls is reached, or nearly so."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.auth.refusals import refusals
from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.limits.allowance import Allowance, allowance
from regdoctor.checks.manifest.images import looks
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import span
from regdoctor.observations.http import Answer, ManifestLook
from regdoctor.observations.store import Observations


class PullRateLimit(Check):
    """Read from answers that came anyway: nothing is pulled to find out."""

    code = "dockerhub-pull-rate-limit"
    summary = "the limit on pulls is reached, or nearly reached, for this address or account"
    needs = (ManifestLook,)
    question = "how many pulls are left for this address or account?"
    probe = "manifest"
    supersedes = ("manifest-unexpected-answer", "registry-unexpected-answer")
    texts = ("toomanyrequests: You have reached your pull rate limit",)
    products = ("docker-hub",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        told: set[str] = set()
        for each in refusals(seen):
            left = allowance(each.answer)
            said = "pull rate limit" in each.answer.body.lower()
            spent = left is not None and left.remaining == 0
            if each.answer.status != 429 or not (said or spent):
                continue
            # The registry as a whole comes before its images, which then have nothing to add.
            if each.subject in told or subject_of(each.endpoint) in told:
                continue
            told |= {each.subject, each.endpoint}
            breaks = asking(seen, each.endpoint)
            wait = each.answer.header("Retry-After")
            yield Finding(
                code=self.code,
                title=f"{each.subject} is refused: the limit on pulls is reached"
                + (f"; retry after {wait} s" if wait.isdecimal() else ""),
                severity=severity_of(seen, breaks, each.endpoint),
                confidence="certain",
                subject=each.subject,
                evidence=(answer_evidence(each.answer, each.probe), *_count(left)),
                breaks=breaks,
            )
        yield from self._nearly(seen, told)

    def _nearly(self, seen: Observations, told: set[str]) -> Iterator[Finding]:
        least: dict[str, tuple[Allowance, Answer]] = {}
        for each in looks(seen):
            for answer in (each.look.head, each.look.get):
                left = allowance(answer) if answer is not None and answer.ok else None
                known = least.get(each.endpoint)
                if left is None or answer is None or not left.low or each.endpoint in told:
                    continue
                if known is None or left.remaining < known[0].remaining:
                    least[each.endpoint] = (left, answer)
        for endpoint, (left, answer) in least.items():
            breaks = asking(seen, endpoint)
            severity = severity_of(seen, breaks, endpoint)
            yield Finding(
                code=self.code,
                title=f"{subject_of(endpoint)} has {left.remaining} of {left.limit} pulls left for "
                f"{left.source or 'this address or account'}",
                severity="warning" if severity == "error" else severity,
                confidence="certain",
                subject=subject_of(endpoint),
                evidence=(answer_evidence(answer, "manifest"), *_count(left)),
                breaks=breaks,
            )


def _count(left: Allowance | None) -> tuple[Evidence, ...]:
    if left is None:
        return ()
    window = f" in {span(left.window)}" if left.window else ""
    source = f", counted for {left.source}" if left.source else ""
    fact = f"{left.remaining} of {left.limit} pulls are left{window}{source}"
    return (Evidence(fact, "manifest", {"limit": left.limit, "remaining": left.remaining}),)


CHECK = PullRateLimit()
