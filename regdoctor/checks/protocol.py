"""The contract of a check."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.store import Observations


class Check(Protocol):
    """Judges one fault, purely: the same observations always give the same findings.

    ``needs`` are the kinds of observation it reads of an endpoint; where a probe for one of
    them failed, the check could not tell and ``question`` stays open. ``probe`` is the probe
    that asks it. A finding of this check explains away findings of the codes in
    ``supersedes`` on the same subject.
    """

    @property
    def code(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def needs(self) -> tuple[type, ...]: ...
    @property
    def question(self) -> str: ...
    @property
    def probe(self) -> str: ...
    @property
    def supersedes(self) -> tuple[str, ...]: ...
    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]: ...
