"""Ignore files: ``.dockerignore`` patterns and their matching.

The semantics are moby/patternmatcher's: the last matching pattern wins, ``!`` re-includes, a
pattern matches everything below what it names, ``*`` and ``?`` do not cross a slash, ``**``
does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from builder.frontend.dockerfile.errors import IgnorePatternError
from builder.frontend.dockerfile.ignorepattern import Pattern
from builder.frontend.dockerfile.lexical import BLANKS
from builder.frontend.dockerfile.paths import clean

MAX_LINE = 65535
"""Bytes of a line, a carriage return at its end included."""


def read_patterns(source: bytes, name: str = ".dockerignore") -> tuple[str, ...]:
    """The patterns of the ignore file ``name``, cleaned; comments and blank lines left out.

    Raises IgnorePatternError for a line that BuildKit does not read.
    """
    if any(len(line) > MAX_LINE for line in source.split(b"\n")):
        raise IgnorePatternError(
            f"failed parsing {name}: bufio.Scanner: token too long",
            hint=f"a line has at most {MAX_LINE} bytes",
        )
    text = source.decode(errors="surrogateescape").removeprefix("\ufeff")
    patterns = []
    for line in text.split("\n"):
        if line.startswith("#") or not (pattern := line.strip(BLANKS)):
            continue
        inverted = pattern.startswith("!")
        if inverted:
            pattern = pattern[1:].strip(BLANKS)
        if pattern:
            pattern = clean(pattern)
            pattern = pattern[1:] if len(pattern) > 1 and pattern[0] == "/" else pattern
        patterns.append(f"!{pattern}" if inverted else pattern)
    return tuple(patterns)


class ParentMatch(Struct, frozen=True):
    """Which patterns matched the directory that is being walked. Opaque to callers."""

    matched: tuple[bool, ...]


class IgnoreMatcher:
    """Decides which paths of a context are left out.

    Paths are relative to the context's root, slash-separated. Raises IgnorePatternError for
    patterns that are none.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [Pattern(p) for raw in patterns if (p := raw.strip(BLANKS))]
        self._exceptions = [p for p in self._patterns if p.exception]
        self._prefix_exceptions_only = not any(
            re.search(r"[*\[?^]", p.literal_head) for p in self._exceptions
        )

    def __bool__(self) -> bool:
        return bool(self._patterns)

    @property
    def has_exceptions(self) -> bool:
        """Whether any pattern re-includes."""
        return bool(self._exceptions)

    @property
    def ignores_root(self) -> bool:
        """Whether a pattern leaves out all that is in the root."""
        return any(p.text in ("*", "**", "**/*") and not p.exception for p in self._patterns)

    def matches(self, path: str) -> bool:
        """Whether ``path`` is ignored, by itself or with a directory above it."""
        if not self._patterns:
            return False
        path = clean(path)
        if path == ".":
            return False
        parts = path.split("/")
        heads = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
        ignored = False
        for pattern in self._patterns:
            if pattern.exception == ignored and any(map(pattern.match, heads)):
                ignored = not pattern.exception
        return ignored

    def root(self) -> ParentMatch:
        """What to hand to ``enter`` for the entries of the context's root."""
        return ParentMatch((False,) * len(self._patterns))

    def enter(self, path: str, parent: ParentMatch) -> tuple[bool, ParentMatch]:
        """As ``matches``, for a walk: what the parent matched is not asked again.

        Returns whether ``path`` is ignored, and what to hand on for its entries.
        """
        ignored = False
        matched = []
        for pattern, parent_matched in zip(self._patterns, parent.matched, strict=True):
            match = parent_matched or (pattern.exception == ignored and pattern.match(path))
            matched.append(match)
            if match:
                ignored = not pattern.exception
        return ignored, ParentMatch(tuple(matched))

    def may_skip(self, directory: str) -> bool:
        """Whether nothing below the ignored ``directory`` can be re-included.

        Where this is False, walk on, and keep the directory itself if an entry is kept.
        """
        if not self._exceptions:
            return True
        if not self._prefix_exceptions_only:
            return False
        return not any(p.literal_head.startswith(directory + "/") for p in self._exceptions)
