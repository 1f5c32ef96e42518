"""A finding and what hangs on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]
Confidence = Literal["certain", "likely", "possible"]
Disposition = Literal["safe", "unsafe", "manual"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
CONFIDENCES: tuple[Confidence, ...] = ("certain", "likely", "possible")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact and the probe that saw it; ``data`` holds JSON values for programs.

    A chain is drawn from ``data["chain"]``, attempts from ``data["attempts"]``; both are
    lists of objects as the check that wrote them documents.
    """

    fact: str
    probe: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that a fix writes; ``diff`` is unified, against what the host has now."""

    path: str
    diff: str


@dataclass(frozen=True, slots=True)
class Fix:
    """What to do for one client (or ``server``, ``host``, ``all clients``).

    ``safe`` changes nothing but what the finding is about, ``unsafe`` weakens a check that
    protects somebody, ``manual`` needs a human where we cannot reach.
    """

    client: str
    title: str
    disposition: Disposition
    commands: tuple[str, ...] = ()
    files: tuple[FileChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, proven by its evidence. ``title`` is the whole verdict in one sentence."""

    code: str
    title: str
    severity: Severity
    confidence: Confidence
    subject: str
    evidence: tuple[Evidence, ...]
    breaks: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()
    docs: str = ""

    def rank(self) -> tuple[int, int]:
        """Sorts best first: by severity, then by confidence."""
        return SEVERITIES.index(self.severity), CONFIDENCES.index(self.confidence)


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """What could not be told: the question that would decide ``code``, and why it is open."""

    code: str
    question: str
    probe: str
    why: str
