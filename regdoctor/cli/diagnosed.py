"""A diagnosis that a command made by the way, told on standard error."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regdoctor.diagnose import Diagnosis


def tell_diagnosis(
    diagnosis: Diagnosis, started: float, seconds: float, environ: Mapping[str, str]
) -> None:
    """As ``regdoctor check`` would print it; ``started`` is in seconds since the epoch."""
    from builder.version import VERSION
    from regdoctor.cli import terminal
    from regdoctor.model.report import Report, Tool, summarise
    from regdoctor.render import text

    report = Report(
        tool=Tool("regdoctor", VERSION),
        started=datetime.fromtimestamp(started, UTC).isoformat(),
        targets=diagnosis.targets,
        findings=diagnosis.findings,
        open=diagnosis.questions,
        summary=summarise(diagnosis.findings, seconds),
    )
    colour = terminal.colour(sys.stderr, environ)
    sys.stderr.write(text.render(report, colour=colour, width=terminal.width(sys.stderr)))
    sys.stderr.flush()
