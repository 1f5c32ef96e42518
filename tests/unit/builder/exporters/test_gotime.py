"""Times as Go writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.exporters.gotime import format_time, parse_time


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_500_000_000, "1970-01-01T00:00:01.5Z"),
        (1795487208766759186, "2026-11-24T02:26:48.766759186Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
    ],
)
def test_trailing_zeros_are_left_out(nanoseconds: int, text: str) -> None:
    assert format_time(nanoseconds) == text


@given(st.integers(min_value=-(10**18), max_value=4 * 10**18))
def test_what_is_written_is_read_back(nanoseconds: int) -> None:
    assert parse_time(format_time(nanoseconds)) == nanoseconds


def test_other_zones_are_understood_and_nonsense_is_not() -> None:
    assert parse_time("1970-01-01T02:00:00.25+02:00") == 250_000_000
    assert parse_time("yesterday") is None
    assert parse_time("2024-13-01T00:00:00Z") is None
