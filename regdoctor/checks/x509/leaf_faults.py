"""Verdicts that are about the leaf's dates or names, and so the same for every client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from regdoctor.observations.store import Observations
from regdoctor.observations.trust import CertificateFacts, ChainFacts, ChainVerdicts, Reason


@dataclass(frozen=True, slots=True)
class Refused:
    """An endpoint whose chain some clients (``breaks``) refuse for one reason.

    ``about`` is the place of the certificate at fault; -1 where that is ``anchor``, which
    their store holds and the server does not send.
    """

    endpoint: str
    facts: ChainFacts
    verdicts: ChainVerdicts
    breaks: tuple[str, ...]
    about: int
    anchor: CertificateFacts | None = None

    @property
    def culprit(self) -> CertificateFacts:
        return self.anchor or self.facts.certificates[self.about]

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
            first = next(v for v in verdicts.verdicts if v.reason == reason)
            if first.about < 0 and first.anchor is not None:
                yield Refused(endpoint, facts, verdicts, breaks, -1, first.anchor)
            else:
                yield Refused(endpoint, facts, verdicts, breaks, max(first.about, 0))
