"""The report as JSON: the contract with programs."""

from __future__ import annotations

import json

from regdoctor.model.report import Report


def render(report: Report) -> str:
    """Indented, ASCII only: what a server sent cannot steer a terminal through it."""
    return json.dumps(report.to_json(), indent=2, ensure_ascii=True) + "\n"
