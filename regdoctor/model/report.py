"""The report: one shape for check, explain and preflight."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from regdoctor.model import codec
from regdoctor.model.finding import Finding, OpenQuestion, Severity
from regdoctor.model.target import Target

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Tool:
    """Who wrote the report."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts by severity, and how long the look took."""

    errors: int
    warnings: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """A diagnosis, findings best first. ``started`` is RFC 3339 in UTC."""

    tool: Tool
    started: str
    targets: tuple[Target, ...]
    findings: tuple[Finding, ...]
    open: tuple[OpenQuestion, ...]
    summary: Summary
    schema: int = field(default=SCHEMA)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values, ``schema`` first."""
        return {"schema": self.schema, **codec.encode(self)}

    @classmethod
    def from_json(cls, data: Any) -> Report:
        """The report that ``to_json`` wrote. Raises codec.CodecError."""
        return codec.decode(cls, data)

    def has(self, threshold: Severity) -> bool:
        """True where a finding is at or above ``threshold``."""
        limit = {"error": 0, "warning": 1, "info": 2}[threshold]
        return any(finding.rank()[0] <= limit for finding in self.findings)


def summarise(findings: tuple[Finding, ...], seconds: float) -> Summary:
    """Counts of ``findings``; ``seconds`` rounded to milliseconds."""
    return Summary(
        errors=sum(finding.severity == "error" for finding in findings),
        warnings=sum(finding.severity == "warning" for finding in findings),
        seconds=round(seconds, 3),
    )
