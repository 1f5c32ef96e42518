"""The run behind ``regdoctor build --check`` and ``--call``: questions that build nothing."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from builder.api import QUESTIONS, BuildError, BuildRequest, RequestError, ask
from builder.oci import gojson
from builder.progress import answers
from builder.progress.display import open_progress
from regdoctor.cli import exits
from regdoctor.cli.buildrequest import request_of
from regdoctor.cli.failures import plain_lines, tell_failure
from regdoctor.cli.faults import UsageError
from regdoctor.cli.progressmode import progress_mode

_NAMES = {"check": "lint"}
_PRINTED: Mapping[str, Callable[[Any], str]] = {
    "lint": answers.lint_report,
    "outline": answers.outline,
    "targets": answers.targets,
    "subrequests.describe": answers.questions,
}


@dataclass(frozen=True, slots=True)
class Call:
    """``--call=NAME[,format=text|json][,ignorestatus]``; ``question`` is one of QUESTIONS."""

    question: str
    json: bool = False
    ignore_status: bool = False


def read_call(text: str) -> Call:
    """Raises UsageError."""
    name, *options = text.split(",")
    question = _NAMES.get(name, name).removeprefix("frontend.")
    if question not in QUESTIONS:
        known = ", ".join(("build", "check", *(each for each in QUESTIONS if each != "lint")))
        raise UsageError(f"--call={name}: no such question", hint=f"known are {known}")
    given: dict[str, Any] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if key == "format" and value in ("text", "json"):
            given["json"] = value == "json"
        elif key == "ignorestatus" and (not equals or value in ("true", "false")):
            given["ignore_status"] = value != "false"
        else:
            raise UsageError(
                f"--call={text}: {option!r} is no option of a question",
                hint="format=text, format=json, ignorestatus",
            )
    return Call(question, **given)


def prepare(
    call: Call, given: Mapping[str, Any], environ: Mapping[str, str]
) -> Callable[[], Awaitable[int]]:
    """Read the flags; what is left is to run. Raises UsageError."""
    mode = progress_mode(given, environ, sys.stderr)
    request = request_of(given, environ)
    return lambda: _run(call, request, mode, environ)


async def _run(call: Call, request: BuildRequest, mode: str, environ: Mapping[str, str]) -> int:
    with open_progress(mode, sys.stderr, environ) as progress:
        try:
            document = await ask(request, call.question, progress.emit)
        except RequestError as error:
            raise UsageError(str(error), hint=error.hint) from error
        except BuildError as error:
            progress.close()
            tell_failure(error)
            return exits.FINDINGS
    printed = _PRINTED.get(call.question)
    if call.json or printed is None:
        sys.stdout.write(gojson.dumps(document, indent=2).decode() + "\n")
    else:
        sys.stdout.write(plain_lines(printed(document)))
    if call.question != "lint":
        return exits.CLEAN
    sys.stdout.flush()
    if not call.json:
        sys.stderr.write(plain_lines(answers.lint_error(document)))
    found = document["warnings"] or "buildError" in document
    return exits.FINDINGS if found and not call.ignore_status else exits.CLEAN
