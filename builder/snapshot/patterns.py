"""Lists of ``.dockerignore`` patterns, matched as ``moby/patternmatcher`` does."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from builder.snapshot.paths import glob_regex


class PatternMatcher:
    """``!`` takes back what an earlier pattern matched; a directory's match covers its
    children. Raises PathError (from ``paths``) for a pattern with a syntax error."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns: list[tuple[bool, re.Pattern[str]]] = []
        for text in patterns:
            pattern = text.strip()
            if not pattern:
                continue
            pattern = os.path.normpath(pattern)
            negated = pattern.startswith("!")
            pattern = pattern[1:] if negated else pattern
            glob_regex(pattern)  # refuses what Go's filepath.Match refuses
            self._patterns.append((negated, _compile(pattern)))

    def match(self, path: str, parent: tuple[bool, ...] = ()) -> tuple[bool, tuple[bool, ...]]:
        """Whether ``path`` (relative) matches, and the results to give with its children.

        Without ``parent``, its parents are tried here.
        """
        matched = False
        results = []
        for number, (negated, pattern) in enumerate(self._patterns):
            hit = parent[number] if parent else False
            if not hit and negated == matched:
                hit = pattern.fullmatch(path) is not None
                if not hit and not parent:
                    hit = any(pattern.fullmatch(above) for above in _parents(path))
            results.append(hit)
            if hit:
                matched = not negated
        return matched, tuple(results)


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _compile(pattern: str) -> re.Pattern[str]:
    """``**`` matches any number of directories, and all when it comes last."""
    out = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*" and pattern[at : at + 1] == "*":
            at += 1
            if pattern[at : at + 1] == "/":
                at += 1
            out.append(".*" if at >= len(pattern) else "(.*/)?")
        elif char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "\\" and at < len(pattern):
            out.append(re.escape(pattern[at]))
            at += 1
        elif char in "[]":
            end = pattern.find("]", at + 1) if char == "[" else -1
            if end < 0:
                out.append(re.escape(char))
            else:
                out.append("[" + pattern[at:end].replace("[", "\\[") + "]")
                at = end + 1
        else:
            out.append(re.escape(char))
    return re.compile("".join(out), re.DOTALL)
