"""Why every step of a build was cached or not (``--explain-cache``)."""

from __future__ import annotations

from collections.abc import Sequence

from builder.solver.verdict import CacheVerdict, Change
from regdoctor.render.safe import plain

_REASONS = {
    "": "ran",
    "ignored": "ran: --no-cache",
    "first": "ran: never built before",
    "definition": "ran: changed",
    "input": "ran: its input changed",
    "gone": "ran: the earlier result was removed",
    "session": "read anew",
    "unknown": "ran: nothing recorded",
}
_MOST = 10
"""Changes of one step that are listed."""
_WIDTH = 100


def render(verdicts: Sequence[CacheVerdict]) -> str:
    """A row for each step: a hit, or why not, with what changed below it."""
    from tabulate import tabulate

    rows: list[tuple[str, str]] = []
    for verdict in verdicts:
        rows.append((reason(verdict), plain(verdict.name)))
        changes = verdict.changes
        rows += [("", f"  {_told(verdict.reason, change)}") for change in changes[:_MOST]]
        if len(changes) > _MOST:
            rows.append(("", f"  and {len(changes) - _MOST} more"))
    return tabulate(rows, headers=("cache", "step"), tablefmt="plain") + "\n"


def reason(verdict: CacheVerdict) -> str:
    """``hit``, or why not, in words."""
    return "hit" if verdict.cached else _REASONS[verdict.reason]


def _told(reason: str, change: Change) -> str:
    before, after = (plain(side)[:_WIDTH] for side in (change.before, change.after))
    name = plain(change.subject)
    if reason != "input":
        return f"{name}: {before!r} -> {after!r}"
    if not name.startswith("/"):
        return f"another result of {name}"
    if not before:
        return f"new: {name}"
    return f"gone: {name}" if not after else f"changed: {name}"
