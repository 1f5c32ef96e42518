"""What is said after a build: where a step failed, the source lines, the warnings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from builder.events import SourceInfo, SourceRange, WarningEvent
from builder.progress.colors import RESET
from builder.progress.text import harmless

_RULE = "-" * 20
_YELLOW = "\x1b[33m"


def failure_excerpt(name: str, lines: Iterable[bytes]) -> bytes:
    """The last log lines of a failed vertex, framed as BuildKit frames them."""
    head = f"------\n > {name}:\n".encode("utf-8", "replace")
    return head + b"".join(line + b"\n" for line in lines) + b"------\n"


def source_frame(info: SourceInfo, ranges: Sequence[SourceRange]) -> str:
    """The lines of ``ranges``, marked ``>>>``, among their neighbours; "" where there are none.

    Four lines of context around a single line, two around more, taken from before and
    after as far as the file has any (BuildKit's ``errdefs.Source.Print``). Ends in a newline.
    """
    lines = info.data.decode("utf-8", "replace").split("\n")
    spans = [(r.start, max(r.start, r.end)) for r in ranges]
    if not spans:
        return ""
    first = min(start for start, _ in spans)
    if not 1 <= first <= len(lines):
        return ""
    last = min(max(end for _, end in spans), len(lines))
    start, end = _with_context(first, last, len(lines))
    frame = [f"{info.filename}:{first}", _RULE]
    for number in range(start, end + 1):
        marked = any(a <= number <= b for a, b in spans)
        text = lines[number - 1].removesuffix("\r")
        frame.append(f" {number:3d} | {'>>>' if marked else '   '} {text}")
    return "\n".join([*frame, _RULE, ""])


def _with_context(start: int, end: int, count: int) -> tuple[int, int]:
    wanted = 4 if start == end else 2
    spent = 0
    while spent < wanted:
        if start > 1:
            start -= 1
            spent += 1
        if end < count:
            end += 1
            spent += 1
        spent += 1  # so that a file with fewer lines comes to an end too
    return start, end


def warnings_summary(
    warnings: Sequence[WarningEvent], *, expand: bool = False, how: str = "", colour: bool = False
) -> str:
    """``1 warning found``, then one line each; "" without warnings.

    ``expand`` adds detail, link and source lines to each; otherwise ``how`` says how to get
    them ("use docker --debug to expand"). ``colour`` marks the count. Begins with an empty
    line and ends in a newline.
    """
    if not warnings:
        return ""
    count = "1 warning found" if len(warnings) == 1 else f"{len(warnings)} warnings found"
    if how and not expand:
        count += f" ({how})"
    parts = []
    for warning in warnings:
        parts.append(f" - {harmless(warning.short)}\n")
        if not expand:
            continue
        parts.extend(f"{detail}\n" for detail in warning.detail)
        if warning.url:
            parts.append(f"More info: {warning.url}\n")
        if warning.source is not None:
            parts.append(source_frame(warning.source, warning.ranges))
        parts.append("\n")
    head = f"{_YELLOW}{count}:{RESET}\n" if colour else f"{count}:\n"
    return f"\n {head}" + "\n".join(harmless(line) for line in "".join(parts).split("\n"))
