"""The run behind ``regdoctor build``: preflight, progress, result."""

from __future__ import annotations

import base64
import json
import shlex
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.api import BuildError, BuildRequest, BuildResult, Plan, RequestError, open_plan
from builder.errors import BuilderError
from builder.events import WarningEvent
from builder.executor.rootless import enter_namespaces
from builder.oci import reference as references
from builder.progress.display import open_progress
from builder.progress.report import warnings_summary
from builder.registry import RetryPolicy
from regdoctor import building
from regdoctor.cli import exits
from regdoctor.cli.buildreport import BuildReport
from regdoctor.cli.buildrequest import request_of
from regdoctor.cli.diagnosed import tell_diagnosis
from regdoctor.cli.failures import tell_failure
from regdoctor.cli.faults import UsageError
from regdoctor.cli.progressmode import SPOKEN, progress_mode
from regdoctor.cli.retrylog import RetryLog
from regdoctor.cli.stepoutput import StepOutput
from regdoctor.render.safe import plain

if TYPE_CHECKING:
    from regdoctor.diagnose import Diagnosis


def prepare(given: Mapping[str, Any], environ: Mapping[str, str]) -> Callable[[], Awaitable[int]]:
    """Read the flags and enter the build's own namespaces; what is left is to run.

    Must be called before any thread is started. Raises UsageError.
    """
    mode = progress_mode(given, environ, sys.stderr)
    request = request_of(given, environ)
    report = BuildReport(given["report"], request.shown) if given["report"] else None
    limit = enter_namespaces()
    if limit and mode in SPOKEN:
        _write(f"notice: {limit}\n")
    return _Run(request, given, environ, mode, report).run


class _Run:
    def __init__(
        self,
        request: BuildRequest,
        given: Mapping[str, Any],
        environ: Mapping[str, str],
        mode: str,
        report: BuildReport | None,
    ) -> None:
        self._request = request
        self._given = given
        self._environ = environ
        self._mode = mode
        self._report = report
        self._retries = RetryLog()

    async def run(self) -> int:
        try:
            policy = RetryPolicy(on_retry=self._retries.tell)
            async with open_plan(self._request, policy=policy) as plan:
                code = await self._look(plan)
                return code if code is not None else await self._build(plan)
        except RequestError as error:
            raise UsageError(str(error), hint=error.hint) from error
        except BuildError as error:
            tell_failure(error)
            self._report_failure(str(error))
            return exits.FINDINGS

    async def _look(self, plan: Plan) -> int | None:
        """The preflight; an exit code where the build must not begin."""
        wanted = self._given["preflight"]
        if wanted == "off":
            return None
        started, clock = time.time(), time.monotonic()
        found = await building.preflight(plan, self._environ)
        if found.diagnosis is not None:
            self._show(found.diagnosis, started, time.monotonic() - clock)
        elif wanted == "only":
            count = len(plan.references) + len(plan.push_targets)
            _write(f"preflight: all {count} references can be had\n")
        if found.failed:
            for name, error in found.failed.items():
                _write(f"ERROR: {plain(name)}: {plain(str(error))}\n")
            self._report_failure("\n".join(f"{n}: {error}" for n, error in found.failed.items()))
            _write("The build was not started: no step was run (--preflight=off goes ahead).\n")
            return exits.FINDINGS
        return exits.CLEAN if wanted == "only" else None

    async def _build(self, plan: Plan) -> int:
        with open_progress(self._mode, sys.stderr, self._environ) as progress:
            self._retries.show_in(progress.emit)
            emit = progress.emit if self._report is None else self._report.through(progress.emit)
            steps = StepOutput(emit)
            try:
                result = await plan.run(steps.emit, sys.stdout.buffer)
            except BuildError as error:
                progress.close()
                self._tell_warnings(progress.warnings)
                tell_failure(error)
                await self._explain(error, steps.of_failed)
                self._report_failure(str(error))
                return exits.FINDINGS
        self._tell_warnings(progress.warnings)
        if self._report is not None:
            self._report.write(result, plan.shapes(result))
        self._finish(result)
        return exits.CLEAN

    def _report_failure(self, error: str) -> None:
        if self._report is not None:
            self._report.failed(error)
            self._report.write()

    def _tell_warnings(self, warnings: Sequence[WarningEvent]) -> None:
        if self._mode in SPOKEN and warnings:
            from regdoctor.cli import terminal

            _write(
                warnings_summary(
                    warnings,
                    expand=self._given["debug"],
                    how="use --debug to expand",
                    colour=terminal.colour(sys.stderr, self._environ),
                )
            )

    async def _explain(self, error: BuildError, output: str) -> None:
        started, clock = time.time(), time.monotonic()
        diagnosis = await building.explain(error, self._request.registry, self._environ, output)
        if diagnosis is not None and diagnosis.findings:
            _write("\n")
            self._show(diagnosis, started, time.monotonic() - clock)

    def _show(self, diagnosis: Diagnosis, started: float, seconds: float) -> None:
        if self._report is not None:
            self._report.diagnosed(diagnosis)
        tell_diagnosis(diagnosis, started, seconds, self._environ)

    def _finish(self, result: BuildResult) -> None:
        image_id = result.response.get("containerimage.config.digest") or str(result.digest or "")
        if self._given["iidfile"] and image_id:
            _save(self._given["iidfile"], image_id)
        if self._given["metadata_file"]:
            _save(self._given["metadata_file"], _metadata(result))
        if self._mode == "quiet" and image_id:
            sys.stdout.write(image_id + "\n")
        spoken = self._mode in SPOKEN
        for notice in result.notices if spoken else ():
            _write(f"notice: {plain(notice)}\n")
        if self._given["explain_cache"] and self._mode not in ("quiet", "rawjson"):
            from regdoctor.render.cachetable import render

            _write("\n" + render(result.verdicts))
        for line in _what_now(self._request, result, self._given["root"]) if spoken else ():
            _write(line + "\n")


def _what_now(request: BuildRequest, result: BuildResult, root: Path | None) -> list[str]:
    """The last lines: where the image is, and how to use it. ``root`` as it was given."""
    at = f" --root {shlex.quote(str(root))}" if root is not None else ""
    lines = []
    pushed = any(o.flag("push") for o in request.outputs)
    for name in result.names:
        if pushed:
            lines.append(f"pushed {name}@{result.digest}")
        else:
            rest = f"{at} {references.parse(name).familiar()}"
            lines.append(
                f"image {name} is in the local store ({result.digest}); "
                f"send it to its registry with: regdoctor image push{rest}, "
                f"or into an archive with: regdoctor image save -o FILE{rest}"
            )
    if not request.outputs and not result.names and result.digest is not None:
        lines.append(f"built {result.digest}; name it with -t to keep and use it")
    if any(output.type == "docker" and not output.dest for output in request.outputs):
        lines.append(f"loaded {', '.join(request.tags) or result.digest} into the engine")
    written = (output.dest for output in request.outputs)
    lines += [f"wrote {dest}" for dest in written if dest not in ("", "-")]
    return lines


def _metadata(result: BuildResult) -> str:
    """BuildKit's metadata file: the exporter's answers, base64 JSON decoded."""
    out: dict[str, Any] = {}
    for key, value in sorted(result.response.items()):
        out[key] = value
        if key == "containerimage.descriptor":
            out[key] = json.loads(base64.b64decode(value))
    return json.dumps(out, indent=2)


def _save(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise BuilderError(f"cannot write {path}: {error.strerror}") from error


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
