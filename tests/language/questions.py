"""Questions about the cases, put to our frontend and to BuildKit's: lint, outline, targets."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from builder.frontend.dockerfile import DockerfileError, subrequests
from builder.frontend.dockerfile.lexical import runes
from builder.oci import gojson
from builder.progress import answers
from tests.language.cases import Case
from tests.language.compare import diff, number_groups
from tests.language.judge import Answer
from tests.language.ours import Images, options_of

QUESTIONS: Mapping[str, Callable[[Any], str] | None] = {
    "frontend.lint": answers.lint_warnings,
    "frontend.outline": answers.outline,
    "frontend.targets": answers.targets,
    "frontend.convertllb": None,
}
"""What is asked, and how the answer is printed."""


def answer(case: Case, question: str) -> Answer:
    """Ours to ``question`` about ``case``."""
    try:
        document = asyncio.run(_document(case, question))
    except DockerfileError as error:
        return Answer(runes(str(error)), tuple((r.start, r.end) for r in error.ranges))
    made = {"result.json": gojson.dumps(document)}
    printed = QUESTIONS[question]
    if printed is not None:
        made["result.txt"] = printed(document).encode(errors="surrogateescape")
    return Answer(metadata=made)


async def _document(case: Case, question: str) -> Any:
    options, _ = options_of(case)
    name = question.removeprefix("frontend.")
    return await subrequests.answer(name, case.dockerfile, case.filename, options, Images(case))


def differences(ours: Answer, theirs: Answer) -> list[str]:
    """How the answers differ; none where they are equal."""
    return list(_differences(ours, theirs))


def _differences(ours: Answer, theirs: Answer) -> Iterator[str]:
    if theirs.error.startswith("panic: ") and not ours.error:
        return
    if ours.error != theirs.error:
        yield f"error: ours   {ours.error!r}\n       theirs {theirs.error!r}"
        return
    mine, other = (_document_of(each) for each in (ours, theirs))
    if mine != other:
        yield "document:\n" + diff(mine, other)
    texts = [_text_of(each) for each in (ours, theirs)]
    # A carriage return is nothing for a terminal.
    parts = [sorted(re.split("\n+", text.replace("\r\n", "\n"))) for text in texts]
    if parts[0] != parts[1]:
        yield f"text: ours\n{texts[0]}\n     theirs\n{texts[1]}"


def _text_of(answer: Answer) -> str:
    return (answer.metadata or {}).get("result.txt", b"").decode(errors="replace")


def _written(each: Any) -> str:
    """To sort by: what is of one line comes in the order of a map of Go's."""
    return json.dumps(each, sort_keys=True)


def _document_of(answer: Answer) -> Any:
    document = json.loads((answer.metadata or {}).get("result.json", b"null"))
    if isinstance(document, dict) and isinstance(document.get("warnings"), Sequence):
        document["warnings"].sort(key=_written)
    if isinstance(document, dict) and "metadata" in document:
        number_groups(document["metadata"])
    for name in ("args", "secrets", "ssh"):
        if isinstance(document, dict) and name in document:
            document[name].sort(key=_written)
    return document
