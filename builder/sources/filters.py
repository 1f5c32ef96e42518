"""Which paths of a directory are taken: needed by something, and not left out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from builder.frontend.dockerfile.ignore import IgnoreMatcher, ParentMatch
from builder.snapshot.paths import glob_regex, has_wildcard


class Above(NamedTuple):
    """What is known of a directory of the walk. Opaque to callers."""

    wanted: bool
    ignored: ParentMatch


class PathFilter:
    """Decides path by path, for a walk: what a directory settles is not asked again below it.

    Paths are relative, slash-separated. ``include`` None means everything; a path below
    an included one is included. ``exclude`` are patterns of an ignore file.
    """

    def __init__(self, include: Sequence[str] | None, exclude: Sequence[str]) -> None:
        self._ignored = IgnoreMatcher(exclude)
        self._include: list[list[str]] | None = None
        if include is not None and not any(_parts(path) == [] for path in include):
            self._include = [_parts(path) for path in include]
        plain = ["/".join(parts) for parts in self._include or ()]
        self._plain = frozenset(path for path in plain if not has_wildcard(path))
        self._above = frozenset(
            "/".join(parts[:depth])
            for parts in (path.split("/") for path in self._plain)
            for depth in range(1, len(parts))
        )
        self._globs = [parts for parts in self._include or () if has_wildcard("/".join(parts))]

    def root(self) -> Above:
        """What to hand on for the entries of the root."""
        return Above(self._include is None, self._ignored.root())

    def look(self, path: str, above: Above) -> tuple[bool, Above]:
        """Whether ``path`` itself is taken, and what to hand on for its entries."""
        wanted = above.wanted or self._wanted(path)
        ignored, match = self._ignored.enter(path, above.ignored)
        return wanted and not ignored, Above(wanted, match)

    def may_take_below(self, directory: str, found: Above) -> bool:
        """Whether anything below ``directory``, which is not taken itself, could be."""
        if not found.wanted:
            return directory in self._above or any(
                _matches(glob, directory.split("/")) for glob in self._globs
            )
        return not self._ignored.may_skip(directory)

    def _wanted(self, path: str) -> bool:
        """Whether ``path``, of which no directory above is wanted, is."""
        if path in self._plain:
            return True
        if not self._globs:
            return False
        parts = path.split("/")
        return any(len(parts) == len(glob) and _matches(glob, parts) for glob in self._globs)


def _parts(path: str) -> list[str]:
    cleaned = os.path.normpath("/" + path).strip("/")
    return cleaned.split("/") if cleaned else []


def _matches(glob: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether ``parts`` match as many parts of the pattern; fewer are a beginning of it."""
    return len(parts) <= len(glob) and all(
        glob_regex(pattern).fullmatch(part) is not None
        for pattern, part in zip(glob, parts, strict=False)
    )
