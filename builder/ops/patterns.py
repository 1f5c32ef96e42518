"""Include and exclude patterns of a copy."""

from __future__ import annotations

from collections.abc import Sequence

from builder.frontend.dockerfile.ignore import IgnoreMatcher


def matcher(patterns: Sequence[str]) -> IgnoreMatcher | None:
    """None where there are no patterns: nothing is filtered then."""
    return IgnoreMatcher(patterns) if patterns else None
