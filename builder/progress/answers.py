"""What a question about a Dockerfile answers, as BuildKit's command line prints it.

Each function takes the document ``result.json`` of ``builder.frontend.dockerfile.subrequests``.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from builder.events import SourceInfo, SourceRange
from builder.progress.report import source_frame

Document = Mapping[str, Any]


def lint_warnings(document: Document) -> str:
    """Each warning with its lines; those that come first in the file first."""
    return "".join(
        _warning(document, each) for each in sorted(document["warnings"] or (), key=_first_line)
    )


def lint_report(document: Document) -> str:
    """The warnings, and how many there are (buildx's ``--check``)."""
    count = len(document["warnings"] or ())
    if not count:
        return "" if "buildError" in document else "Check complete, no warnings found.\n"
    found = "1 warning has been found!" if count == 1 else f"{count} warnings have been found!"
    return f"Check complete, {found}\n{lint_warnings(document)}"


def lint_error(document: Document) -> str:
    """The error that a build would end with and its lines; empty where there is none."""
    error = document.get("buildError")
    if error is None:
        return ""
    return f"{error['message']}\n{_frame(document, error['location'])}"


def _first_line(warning: Document) -> int:
    ranges = warning["location"].get("ranges")
    return int(ranges[0]["start"]["line"]) if ranges else 0


def _warning(document: Document, warning: Document) -> str:
    link = f" - {warning['url']}" if "url" in warning else ""
    return (
        f"\nWARNING: {warning['ruleName']}{link}\n{warning['detail']}\n"
        f"{_frame(document, warning['location'])}"
    )


def _frame(document: Document, location: Document) -> str:
    source = document["sources"][0]
    data = base64.b64decode(source.get("data", ""))
    ranges = [
        SourceRange(each["start"]["line"], each["end"]["line"])
        for each in location.get("ranges", ())
    ]
    return source_frame(SourceInfo(source["filename"], data), ranges)


def outline(document: Document) -> str:
    """What the target can be given: tables of arguments, secrets and ssh agents."""
    parts = []
    if "name" in document or "description" in document:
        rows = [("TARGET:", document.get("name", "(default)"))]
        if "description" in document:
            rows.append(("DESCRIPTION:", document["description"]))
        parts.append(_columns(rows, gap=1))
    if "args" in document:
        args = [
            (each["name"], each.get("value", ""), each.get("description", ""))
            for each in document["args"]
        ]
        parts.append(_columns([("BUILD ARG", "VALUE", "DESCRIPTION"), *args], gap=3))
    for key, title in (("secrets", "SECRET"), ("ssh", "SSH")):
        if key in document:
            mounts = [(m["name"], "true" if m.get("required") else "") for m in document[key]]
            parts.append(_columns([(title, "REQUIRED"), *mounts], gap=3))
    return "".join(f"{part}\n" for part in parts)


def targets(document: Document) -> str:
    """The stages and what they are for."""
    rows = []
    for each in document["targets"] or ():
        name = each.get("name", "")
        if each.get("default"):
            name = f"{name} (default)".lstrip()
        rows.append((name, each.get("description", "")))
    return _columns([("TARGET", "DESCRIPTION"), *rows], gap=1)


def questions(document: Iterable[Document]) -> str:
    """What can be asked."""
    rows = [
        (each["name"].removeprefix("frontend."), each["version"], each["description"])
        for each in document
    ]
    return _columns([("NAME", "VERSION", "DESCRIPTION"), *rows], gap=1)


def _columns(rows: Sequence[Sequence[str]], *, gap: int) -> str:
    """As Go's ``text/tabwriter`` aligns: every column but the last is as wide as its widest
    cell and ``gap``."""
    widths = [max(len(row[n]) for row in rows) + gap for n in range(len(rows[0]) - 1)]
    lines = (
        "".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)) + row[-1]
        for row in rows
    )
    return "".join(f"{line}\n" for line in lines)
