"""Faults that show only in what a client printed, and how such texts are read.

A text is the fixed part of one line; ``*`` stands for what varies within the line. Blanks
match any blanks, for terminals and log collectors wrap and indent.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from regdoctor.checks.judging import severity_of
from regdoctor.checks.protocol import EVERYBODY, Check
from regdoctor.model.finding import Confidence, Evidence, Finding, OpenQuestion
from regdoctor.observations.printed import ClientOutput
from regdoctor.observations.store import HOST, Observations


@dataclass(frozen=True, slots=True)
class Printed:
    """A line of a client's output (at most 2,000 characters of it), and the text in it."""

    line: str
    text: str


def printed(texts: tuple[str, ...], output: str) -> Printed | None:
    """The first line of ``output`` in which one of ``texts`` stands; None where none does."""
    for line in output.splitlines():
        for text in texts:
            if stands_in(text, line[:20_000]):
                return Printed(line.strip()[:2000], text)
    return None


def stands_in(text: str, line: str) -> bool:
    """Whether the parts of ``text`` stand in ``line``, in their order, in any case.

    One search after another, each from where the last ended: no line makes it slow.
    """
    at = 0
    for part in _parts(text):
        found = part.search(line, at)
        if found is None:
            return False
        at = found.end()
    return True


@functools.lru_cache(maxsize=2048)
def _parts(text: str) -> tuple[re.Pattern[str], ...]:
    parts = (part.split() for part in text.split("*"))
    return tuple(
        re.compile(r"\s+".join(map(re.escape, words)), re.IGNORECASE) for words in parts if words
    )


class OnlyPrinted(Check):
    """A fault that no probe can see: it happened in the client, or within a step.

    ``confidence`` is ``certain`` where no other cause prints these texts.
    """

    def __init__(
        self,
        code: str,
        summary: str,
        texts: tuple[str, ...],
        *,
        question: str,
        confidence: Confidence = "likely",
        clients: tuple[str, ...] = EVERYBODY,
        products: tuple[str, ...] = (),
        symptoms: tuple[str, ...] = (),
        supersedes: tuple[str, ...] = (),
    ) -> None:
        self.code, self.summary, self.texts = code, summary, texts
        self.question, self.probe = question, "output"
        self.clients, self.products, self.symptoms = clients, products, symptoms
        self.needs, self.supersedes = (ClientOutput,), supersedes
        self._confidence = confidence

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for name, output in seen.named(ClientOutput, HOST):
            found = printed(self.texts, output.text)
            if found is None:
                continue
            breaks = (output.client,) if output.client else self.clients
            yield Finding(
                code=self.code,
                title=self.summary,
                severity=severity_of(seen, breaks),
                confidence=self._confidence,
                subject=output.client or name or "the client",
                evidence=(Evidence(found.line, "output", {"text": found.text}),),
                breaks=breaks,
            )
