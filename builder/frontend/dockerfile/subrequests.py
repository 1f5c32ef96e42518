"""Questions about a Dockerfile that build nothing: BuildKit's frontend subrequests.

Each answer is the document ``result.json`` of BuildKit's (frontend/subrequests), key by key.
"""

from __future__ import annotations

import base64
from typing import Any

from msgspec.structs import replace

from builder.frontend.dockerfile.contexts import dockerfile_definition
from builder.frontend.dockerfile.convert import dispatched, graph_of
from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.grammar import read
from builder.frontend.dockerfile.instructions import doc_comment
from builder.frontend.dockerfile.lintconfig import asked_for
from builder.frontend.dockerfile.options import ConvertOptions, LintWarning, MetaResolver
from builder.frontend.dockerfile.outline import location, uses_in_order
from builder.frontend.dockerfile.stages import StageState
from builder.llb.jsonform import go_struct

QUESTIONS = ("lint", "outline", "targets", "convertllb", "subrequests.describe")


async def answer(
    question: str, source: bytes, filename: str, options: ConvertOptions, resolver: MetaResolver
) -> Any:
    """The answer to one of ``QUESTIONS``: a document. Raises DockerfileError."""
    asked_for(options.build_args)
    match question:
        case "lint":
            return await lint(source, filename, options, resolver)
        case "outline":
            return await outline(source, filename, options, resolver)
        case "targets":
            return targets(source, filename)
        case "convertllb":
            return await convertllb(source, filename, options, resolver)
        case _:
            return describe()


async def lint(
    source: bytes, filename: str, options: ConvertOptions, resolver: MetaResolver
) -> dict[str, Any]:
    """``frontend.lint``: every warning of every stage (of the target, where one is named), and
    the error that a build would end with."""
    warnings: list[LintWarning] = []
    error: DockerfileError | None = None
    try:
        every = replace(options, all_stages=not options.target)
        await dispatched(source, filename, every, resolver, warnings.append)
    except DockerfileError as found:
        error = found
    info = {
        "filename": filename,
        "data": _base64(source),
        "definition": go_struct(dockerfile_definition(filename, options)),
        "language": "Dockerfile",
    }
    document: dict[str, Any] = {
        "warnings": [_warning(warning) for warning in warnings] or None,
        "sources": [{key: value for key, value in info.items() if value}],
    }
    if error is not None:
        document["buildError"] = {"message": str(error), "location": location(error.ranges)}
    return document


def _warning(warning: LintWarning) -> dict[str, Any]:
    document = {
        "ruleName": warning.rule,
        "description": warning.description,
        "url": warning.url,
        "detail": warning.message,
        "location": location(warning.ranges),
    }
    return {key: value for key, value in document.items() if value or key == "location"}


async def outline(
    source: bytes, filename: str, options: ConvertOptions, resolver: MetaResolver
) -> dict[str, Any]:
    """``frontend.outline``: what the target can be given. Raises DockerfileError."""
    target = (await dispatched(source, filename, options, resolver)).graph.target
    document = {
        "name": target.name,
        "description": doc_comment(target.comments, target.name),
        **uses_in_order(state.uses for state in _with_bases(target)),
        "sources": [_base64(source)],
    }
    return {key: value for key, value in document.items() if value}


def _with_bases(target: StageState) -> list[StageState]:
    """The target, then its base and what it copies from, each with its own after it."""
    found: dict[StageState, None] = {}
    stack = [target]
    while stack:
        state = stack.pop()
        if state in found:
            continue
        found[state] = None
        stack += reversed([*([state.base] if state.base else []), *state.deps])
    return [*found]


def targets(source: bytes, filename: str) -> dict[str, Any]:
    """``frontend.targets``: the stages. Raises DockerfileError."""
    stages = read(source, filename).stages
    listed = []
    for number, stage in enumerate(stages, 1):
        start = stage.start
        document = {
            "name": start.name,
            "default": number == len(stages),
            "description": doc_comment(start.written.comments, start.name),
            "base": start.base,
            "platform": start.platform,
            "location": location(start.written.ranges),
        }
        listed.append({key: value for key, value in document.items() if value})
    return {"targets": listed or None, "sources": [_base64(source)]}


async def convertllb(
    source: bytes, filename: str, options: ConvertOptions, resolver: MetaResolver
) -> dict[str, Any]:
    """``frontend.convertllb``: the graph. Raises DockerfileError."""
    return graph_of(await dispatched(source, filename, options, resolver)).to_json()


def describe() -> list[dict[str, Any]]:
    """``frontend.subrequests.describe``: what BuildKit's frontend says can be asked."""
    return [
        _described(
            "frontend.outline",
            "List all parameters current build target supports",
            [{"name": "target", "description": "Target build stage"}],
        ),
        _described("frontend.targets", "List all targets current build supports", []),
        _described("frontend.subrequests.describe", "List available subrequest types", None),
    ]


def _described(name: str, description: str, options: list[dict[str, str]] | None) -> dict[str, Any]:
    results = ("result.json", "result.txt")
    return {
        "name": name,
        "version": "1.0.0",
        "type": "rpc",
        "description": description,
        "opts": options,
        "inputs": None,
        "metadata": [{"name": result, "description": ""} for result in results],
        "refs": None,
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
