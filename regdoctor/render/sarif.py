"""The report as SARIF 2.1.0, which code hosting services show beside the code."""

from __future__ import annotations

import json
from typing import Any

from regdoctor.model.finding import Finding
from regdoctor.model.report import Report

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def render(report: Report) -> str:
    """One run; a result is located by the subject, a logical name, for it has no file."""
    codes = dict.fromkeys(finding.code for finding in report.findings)
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": report.tool.name,
                        "version": report.tool.version,
                        "rules": [_rule(report, code) for code in codes],
                    }
                },
                "results": [_result(report, finding) for finding in report.findings],
            }
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _rule(report: Report, code: str) -> dict[str, Any]:
    docs = next(finding.docs for finding in report.findings if finding.code == code)
    return {"id": code, "properties": {"docs": docs}}


def _result(report: Report, finding: Finding) -> dict[str, Any]:
    build = next((target for target in report.targets if target.kind == "build"), None)
    location: dict[str, Any] = {
        "logicalLocations": [{"name": finding.subject, "kind": "resource"}],
    }
    if build is not None:
        location["physicalLocation"] = {"artifactLocation": {"uri": build.text}}
    facts = "; ".join(evidence.fact for evidence in finding.evidence)
    return {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.title}. Seen: {facts}"},
        "locations": [location],
        "properties": {"confidence": finding.confidence, "breaks": list(finding.breaks)},
    }
