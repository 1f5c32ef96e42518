"""Refusals for one reason: which clients, and which certificate is at fault in their eyes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from regdoctor.observations.store import Observations
from regdoctor.observations.trust import (
    CertificateFacts,
    ChainFacts,
    ChainVerdicts,
    Reason,
    TrustVerdict,
)


@dataclass(frozen=True, slots=True)
class Refused:
    """An endpoint whose chain some clients (``breaks``) refuse for one reason, and because of
    one certificate.

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
    def words(self) -> tuple[TrustVerdict, ...]:
        """The verdicts of the clients that refuse."""
        return tuple(each for each in self.verdicts.verdicts if each.client in self.breaks)

    @property
    def leaf(self) -> CertificateFacts:
        return self.facts.certificates[0]


def refused(seen: Observations, reason: Reason) -> Iterator[Refused]:
    """Every endpoint refused for ``reason``, with the certificate the words are about."""
    for endpoint in seen.endpoints():
        facts, verdicts = seen.get(ChainFacts, endpoint), seen.get(ChainVerdicts, endpoint)
        if facts is None or verdicts is None or not facts.certificates:
            continue
        by_culprit: dict[tuple[int, str], list[TrustVerdict]] = {}
        for each in verdicts.verdicts:
            if each.reason == reason:
                anchor = each.anchor.fingerprint if each.anchor and each.about < 0 else ""
                by_culprit.setdefault((each.about, anchor), []).append(each)
        for those in by_culprit.values():
            first = those[0]
            breaks = tuple(each.client for each in those)
            if first.about < 0 and first.anchor is not None:
                yield Refused(endpoint, facts, verdicts, breaks, -1, first.anchor)
            else:
                yield Refused(endpoint, facts, verdicts, breaks, max(first.about, 0))
