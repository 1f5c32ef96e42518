"""The manifest request ends in a status that no other check explains."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, severity_of, subject_of
from regdoctor.checks.manifest.images import looks
from regdoctor.clients.table import EVERY
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import Answer, ManifestLook
from regdoctor.observations.store import Observations


class ManifestUnexpectedAnswer:
    """429, 5xx, other 4xx, a redirect that leads nowhere, an answer that broke off."""

    code = "manifest-unexpected-answer"
    summary = "the registry answers a manifest request with an error of its own"
    needs: tuple[type, ...] = (ManifestLook,)
    question = "how does the registry answer GET of the manifest?"
    probe = "manifest"
    supersedes: tuple[str, ...] = ()

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in looks(seen):
            answer = each.last
            if answer is None or each.served or not _unexplained(answer):
                continue
            what = f"answers {answer.status}" if answer.status else f"breaks off: {answer.text}"
            retry = answer.header("Retry-After")
            yield Finding(
                code=self.code,
                title=f"{subject_of(each.endpoint)} {what} for {each.image}"
                + (f"; retry after {retry} s" if retry.isdecimal() else ""),
                severity=severity_of(seen, EVERY),
                confidence="certain",
                subject=each.image,
                evidence=(answer_evidence(answer, "manifest"),),
                breaks=EVERY,
            )


def _unexplained(answer: Answer) -> bool:
    if answer.status == 0:
        return answer.fault in ("read", "write", "protocol", "timeout")
    return answer.status >= 300 and answer.status not in (401, 403, 404)


CHECK = ManifestUnexpectedAnswer()
