"""The manifest request ends in a status that no other check explains."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.manifest.images import Looked, looks
from regdoctor.checks.products.known import product_evidence
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import Answer, ManifestLook, Ping
from regdoctor.observations.store import Observations


class ManifestUnexpectedAnswer(Check):
    """429, 5xx, other 4xx, a redirect that leads nowhere, an answer that broke off."""

    code = "manifest-unexpected-answer"
    summary = "the registry answers a manifest request with an error of its own"
    needs = (ManifestLook,)
    question = "how does the registry answer GET of the manifest?"
    probe = "manifest"
    texts = (
        "unexpected status from GET request to",
        "error parsing HTTP * response body",
        "failed to unmarshal manifest",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in looks(seen):
            answer = each.last
            what = _what(each, answer, seen.get(Ping, each.endpoint)) if answer else ""
            if answer is None or not what:
                continue
            breaks = asking(seen, each.endpoint)
            retry = answer.header("Retry-After")
            yield Finding(
                code=self.code,
                title=f"{each.image} cannot be had from {subject_of(each.endpoint)}, which {what}"
                + (f"; retry after {retry} s" if retry.isdecimal() else ""),
                severity=severity_of(seen, breaks, each.endpoint),
                confidence="certain",
                subject=each.image,
                evidence=(
                    answer_evidence(answer, "manifest"),
                    *product_evidence(seen, each.endpoint, self.code),
                ),
                breaks=breaks,
            )


def _what(each: Looked, answer: Answer, ping: Ping | None) -> str:
    """What is wrong with the answer; empty where nothing is, or another check says it."""
    if ping is not None and ping.answer.status in (0, answer.status):
        pages = answer.html and ping.answer.html
        if pages or not answer.ok:
            return ""  # the endpoint as a whole is like that
    if answer.ok:
        if answer.html:
            return f"answers {answer.status} with a web page"
        return f"gives an answer of no use ({each.look.error})" if each.look.error else ""
    if each.served:
        return ""
    if answer.status == 0:
        broken = answer.fault in ("read", "write", "protocol", "timeout")
        return f"breaks off ({answer.text})" if broken else ""
    known = answer.status < 300 or answer.status in (401, 403, 404)
    return "" if known else f"answers {answer.status}"


CHECK = ManifestUnexpectedAnswer()
