"""``build --report FILE``: what happened, gathered while it does, written when it is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from builder.api import BuildResult, ImageShape
from builder.errors import BuilderError
from builder.events import Emit, Event, VertexEvent
from builder.progress.trace import Trace
from regdoctor.cli.faults import UsageError

if TYPE_CHECKING:
    from regdoctor.diagnose import Diagnosis
    from regdoctor.model.report import Report


class BuildReport:
    """Takes the events of a build from any thread, and the diagnoses made beside it.

    ``path`` ends in ``.html`` or ``.json``. ``title`` is what is built. Raises UsageError.
    """

    def __init__(self, path: Path, title: str) -> None:
        if path.suffix not in (".html", ".json"):
            raise UsageError(f"--report {path}: the name ends in .html or .json")
        if not path.parent.is_dir():
            raise UsageError(f"--report {path}: {path.parent} is no directory")
        self._path = path
        self._title = title
        self._started, self._clock = time.time(), time.monotonic()
        self._lock = threading.Lock()
        self._trace = Trace()
        self._diagnoses: list[Diagnosis] = []
        self._error = ""

    def through(self, emit: Emit) -> Emit:
        """``emit``, with a copy of every event kept here."""

        def both(event: Event) -> None:
            with self._lock:
                self._keep(event)
            emit(event)

        return both

    def _keep(self, event: Event) -> None:
        self._trace.update((event,), time.time())
        self._trace.news.clear()
        if isinstance(event, VertexEvent) and event.completed is not None and not event.error:
            self._trace.by_digest[event.digest].logs.clear()

    def diagnosed(self, diagnosis: Diagnosis) -> None:
        self._diagnoses.append(diagnosis)

    def failed(self, error: str) -> None:
        self._error = f"{self._error}\n{error}".lstrip("\n")

    def write(self, result: BuildResult | None = None, images: Sequence[ImageShape] = ()) -> None:
        """Raises BuilderError where the file cannot be written."""
        report = self._report()
        if self._path.suffix == ".json":
            from regdoctor.render.json import render

            text = render(report)
        else:
            text = self._page(report, result, images)
        try:
            self._path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise BuilderError(f"cannot write {self._path}: {error.strerror}") from error

    def _page(
        self, report: Report, result: BuildResult | None, images: Sequence[ImageShape]
    ) -> str:
        from regdoctor.render.buildpage import BuildPage, render

        steps = self._trace.started
        page = BuildPage(
            self._title,
            time.monotonic() - self._clock,
            self._error,
            steps,
            result.verdicts if result is not None else (),
            report,
            images,
            [warning.short for step in steps for warning in step.warnings],
        )
        return render(page)

    def _report(self) -> Report:
        from builder.version import VERSION
        from regdoctor.model.report import Report, Tool, summarise
        from regdoctor.model.target import Target

        findings = tuple(found for each in self._diagnoses for found in each.findings)
        targets = tuple(target for each in self._diagnoses for target in each.targets)
        return Report(
            tool=Tool("regdoctor", VERSION),
            started=datetime.fromtimestamp(self._started, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            targets=targets or (Target("build", self._title),),
            findings=findings,
            open=tuple(question for each in self._diagnoses for question in each.questions),
            summary=summarise(findings, time.monotonic() - self._clock),
        )
