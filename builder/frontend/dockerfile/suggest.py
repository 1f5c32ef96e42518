"""``(did you mean X?)``: the nearest of the words that would have been right."""

from __future__ import annotations

from collections.abc import Iterable

_NEAR = 3


def suggestion(word: str, options: Iterable[str], *, case_sensitive: bool) -> str:
    """`` (did you mean X?)``, or nothing where no option is less than three edits away.

    Case-insensitive suggestions come in the case of ``word``. Options are tried in order;
    the first of the nearest wins.
    """
    wanted = word if case_sensitive else word.lower()
    best, best_distance = "", _NEAR
    for option in options:
        candidate = option if case_sensitive else option.lower()
        if candidate == wanted:
            return ""
        if abs(len(candidate) - len(wanted)) >= best_distance:
            continue
        distance = edit_distance(wanted, candidate)
        if distance < best_distance:
            best, best_distance = candidate, distance
    if not best:
        return ""
    if not case_sensitive and word == word.upper() != word.lower():
        best = best.upper()
    return f" (did you mean {best}?)"


def edit_distance(a: str, b: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            previous, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, previous + (left != right)),
            )
    return row[-1]
