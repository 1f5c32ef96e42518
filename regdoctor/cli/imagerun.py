"""What ``regdoctor image push`` and ``save`` have in common: the run around a sender."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.api import BuildError, Sender, open_sender
from builder.errors import BuilderError
from builder.events import Emit
from builder.executor.rootless import enter_namespaces
from builder.oci.reference import Reference
from builder.progress.display import open_progress
from builder.registry import RegistryConfig, RetryPolicy
from regdoctor import building
from regdoctor.cli import exits
from regdoctor.cli.buildrequest import registry_of
from regdoctor.cli.diagnosed import tell_diagnosis
from regdoctor.cli.faults import say
from regdoctor.cli.progressmode import progress_mode
from regdoctor.cli.retrylog import RetryLog
from regdoctor.cli.statedir import place_of
from regdoctor.cli.stopping import until_stopped


@dataclass(frozen=True, slots=True)
class Work:
    """``run`` does it; ``pushed`` is where to, where it is a push."""

    run: Callable[[Emit], Awaitable[None]]
    pushed: tuple[Reference, ...] = ()


def send(
    given: Mapping[str, Any], environ: Mapping[str, str], choose: Callable[[Sender], Work]
) -> int:
    """Opens the store and the session that the flags name, and runs; the exit code.

    ``choose`` finds what was named, before anything is shown. A failure that registries have to
    do with is explained, as that of a build. Raises UsageError,
    and what ``choose`` raises.
    """
    mode = progress_mode(given, environ, sys.stderr)
    registry = registry_of(given, environ)
    place = place_of(given["root"])
    enter_namespaces()

    return until_stopped(lambda: _run(place, registry, mode, environ, choose))


async def _run(
    place: Path,
    registry: RegistryConfig,
    mode: str,
    environ: Mapping[str, str],
    choose: Callable[[Sender], Work],
) -> int:
    retries = RetryLog()
    async with open_sender(place, registry, RetryPolicy(on_retry=retries.tell)) as sender:
        work = choose(sender)
        with open_progress(mode, sys.stderr, environ) as progress:
            retries.show_in(progress.emit)
            try:
                await work.run(progress.emit)
            except BuilderError as error:
                progress.close()
                say(error)
                await _explain(error, registry, environ, work.pushed)
                return exits.FINDINGS
    return exits.CLEAN


async def _explain(
    error: BuilderError,
    registry: RegistryConfig,
    environ: Mapping[str, str],
    pushed: Sequence[Reference],
) -> None:
    started, clock = time.time(), time.monotonic()
    failed = BuildError(str(error), error)
    diagnosis = await building.explain(failed, registry, environ, pushed=pushed)
    if diagnosis is not None and diagnosis.findings:
        sys.stderr.write("\n")
        tell_diagnosis(diagnosis, started, time.monotonic() - clock, environ)
