"""Headers that count pulls."""

from __future__ import annotations

import pytest

from regdoctor.checks.limits.allowance import Allowance, allowance
from tests.fixtures.scenes import answer


@pytest.mark.parametrize(
    ("limit", "remaining", "expected"),
    [
        ("100;w=21600", "76;w=21600", Allowance(100, 76, 21600, "")),
        ("100", "76", Allowance(100, 76, 0, "")),
        (" 100 ; w = 60 ", "0", Allowance(100, 0, 60, "")),
    ],
)
def test_a_count_is_read(limit: str, remaining: str, expected: Allowance) -> None:
    headers = ("ratelimit-limit", limit), ("RateLimit-Remaining", remaining)
    assert allowance(answer("GET", "/v2/", 200, *headers)) == expected


@pytest.mark.parametrize(("limit", "remaining"), [("", ""), ("100", ""), ("many", "few")])
def test_anything_else_counts_nothing(limit: str, remaining: str) -> None:
    headers = ("RateLimit-Limit", limit), ("RateLimit-Remaining", remaining)
    assert allowance(answer("GET", "/v2/", 200, *headers)) is None
