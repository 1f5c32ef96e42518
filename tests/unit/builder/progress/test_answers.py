"""What a question about a Dockerfile answers, for a reader."""

from __future__ import annotations

import base64
from typing import Any

from builder.progress import answers


def document(*lines: int, error: bool = False) -> dict[str, Any]:
    """A lint result with a warning for each of ``lines``."""
    warnings = [
        {"ruleName": f"Rule{line}", "url": "https://r/", "detail": "why", "location": at(line)}
        for line in lines
    ]
    source = {"filename": "Dockerfile", "data": base64.b64encode(b"FROM a\nRUN b\n").decode()}
    made: dict[str, Any] = {"warnings": warnings or None, "sources": [source]}
    if error:
        made["buildError"] = {"message": "it broke", "location": at(2)}
    return made


def at(line: int) -> dict[str, Any]:
    return {"ranges": [{"start": {"line": line}, "end": {"line": line}}]}


RULE = "-" * 20
FRAME = "\n".join(
    ("Dockerfile:2", RULE, "   1 |     FROM a", "   2 | >>> RUN b", "   3 |     ", RULE, "")
)


def test_no_warnings() -> None:
    assert answers.lint_report(document()) == "Check complete, no warnings found.\n"


def test_one_warning_with_its_lines() -> None:
    assert answers.lint_report(document(2)) == (
        f"Check complete, 1 warning has been found!\n\nWARNING: Rule2 - https://r/\nwhy\n{FRAME}"
    )


def test_warnings_come_in_the_order_of_the_file() -> None:
    told = answers.lint_report(document(2, 1))
    assert told.startswith("Check complete, 2 warnings have been found!\n")
    assert told.index("Rule1") < told.index("Rule2")


def test_an_error_is_told_with_its_lines_and_without_no_warnings() -> None:
    made = document(error=True)
    assert answers.lint_report(made) == ""
    assert answers.lint_error(made) == f"it broke\n{FRAME}"
    assert answers.lint_error(document()) == ""


def test_an_outline_has_a_table_for_each_kind_of_input() -> None:
    told = answers.outline(
        {
            "name": "app",
            "args": [{"name": "A", "value": "1", "description": "d"}, {"name": "LONGER"}],
            "secrets": [{"name": "s", "required": True}],
        }
    )
    assert told == (
        "TARGET: app\n\n"
        "BUILD ARG   VALUE   DESCRIPTION\nA           1       d\nLONGER              \n\n"
        "SECRET   REQUIRED\ns        true\n\n"
    )


def test_the_last_stage_is_the_default_target() -> None:
    listed = [{"name": "a", "description": "x"}, {"default": True}]
    assert (
        answers.targets({"targets": listed}) == "TARGET    DESCRIPTION\na         x\n(default) \n"
    )
    named = [{"name": "b", "default": True}]
    assert "b (default) \n" in answers.targets({"targets": named})
