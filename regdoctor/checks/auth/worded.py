"""Refusals that name their cause in words of the product's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from regdoctor.checks.auth.refusals import Refusal, refusals
from regdoctor.checks.auth.words import telling
from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.protocol import EVERYBODY, Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.store import Observations

GENERIC = (
    "credentials-rejected",
    "image-not-found",
    "manifest-unexpected-answer",
    "pull-access-denied-or-not-found",
    "registry-unexpected-answer",
)
"""What is said of a refusal that says nothing of its own."""


class Worded(Check):
    """``verdict`` gives what follows the subject in the title, from the refusal.

    A registry that refuses everybody has one finding, not one for each image.
    """

    def __init__(
        self,
        code: str,
        summary: str,
        texts: tuple[str, ...],
        verdict: Callable[[Refusal], str],
        *,
        question: str,
        clients: tuple[str, ...] = EVERYBODY,
        products: tuple[str, ...] = (),
        supersedes: tuple[str, ...] = GENERIC,
    ) -> None:
        self.code, self.summary, self.texts, self.question = code, summary, texts, question
        self.probe, self.needs = "ping", (Ping,)
        self.clients, self.products, self.supersedes = clients, products, supersedes
        self._verdict = verdict

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        whole: set[str] = set()
        told: set[str] = set()
        for each in refusals(seen):
            if telling(each.answer) != self.code or each.endpoint in whole:
                continue
            if each.subject == subject_of(each.endpoint):
                whole.add(each.endpoint)
            if each.subject in told:
                continue
            told.add(each.subject)
            breaks = asking(seen, each.endpoint)
            yield Finding(
                code=self.code,
                title=f"{each.subject} {self._verdict(each)}",
                severity=severity_of(seen, breaks, each.endpoint),
                confidence="certain",
                subject=each.subject,
                evidence=(
                    answer_evidence(each.answer, each.probe),
                    Evidence(f"it says: {said(each.answer)}", each.probe),
                ),
                breaks=breaks,
            )


def said(answer: Answer) -> str:
    """The messages of an ``errors`` document (distribution-spec, "Error Codes"), else the
    beginning of the body; at most 300 characters."""
    try:
        document = json.loads(answer.body)
        messages = [str(each["message"]) for each in document["errors"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        messages = [answer.body]
    return " ".join("; ".join(messages).split())[:300]
