"""Verdicts that are about the leaf's dates or names, and so the same for every client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from regdoctor.observations.store import Observations
from regdoctor.observations.trust import CertificateFacts, ChainFacts, ChainVerdicts, Reason


@dataclass(frozen=True, slots=True)
class Refused:
    """An endpoint whose chain some clients (``breaks``) refuse for one reason."""

    endpoint: str
    facts: ChainFacts
    verdicts: ChainVerdicts
    breaks: tuple[str, ...]
    about: int

    @property
    def culprit(self) -> CertificateFacts:
        return self.facts.certificates[self.about]

    @property
    def leaf(self) -> CertificateFacts:
        return self.facts.certificates[0]


def refused(seen: Observations, reason: Reason) -> Iterator[Refused]:
    """Every endpoint refused for ``reason``, with the certificate the words are about."""
    for endpoint in seen.endpoints():
        facts, verdicts = seen.get(ChainFacts, endpoint), seen.get(ChainVerdicts, endpoint)
        if facts is None or verdicts is None or not facts.certificates:
            continue
        breaks = verdicts.failing(reason)
        if breaks:
            about = next(v.about for v in verdicts.verdicts if v.reason == reason)
            yield Refused(endpoint, facts, verdicts, breaks, max(about, 0))
