"""Sizes and times as tables have them."""

from __future__ import annotations

import pytest

from regdoctor.render import sizes


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0B"), (999, "999B"), (1000, "1kB"), (1_234_567, "1.235MB"), (5 * 10**15, "5000TB")],
)
def test_sizes_are_decimal(size: int, shown: str) -> None:
    assert sizes.size(size) == shown


def test_a_moment_is_in_utc() -> None:
    assert sizes.moment(0.9) == "1970-01-01T00:00:00Z"
