"""What is tried again, how often, and after how long."""

from email.utils import formatdate
from time import time

import pytest

from builder.registry import RetryPolicy
from builder.registry.retry import status_reason, transport_reason
from builder.transport import Endpoint, TransportError


def test_pauses_double_and_end_with_the_tries() -> None:
    policy = RetryPolicy(retries=3, first_pause=1.0)
    pauses = [policy.pause(number) for number in (1, 2, 3, 4)]
    assert pauses[3] is None
    for pause, middle in zip(pauses[:3], (1.0, 2.0, 4.0), strict=True):
        assert pause is not None
        assert 0.75 * middle <= pause <= 1.25 * middle


def test_retry_after_is_kept_where_it_is_bearable() -> None:
    policy = RetryPolicy(longest_pause=60)
    assert policy.pause(1, "7") == 7.0
    assert policy.pause(1, "61") is None
    dated = policy.pause(1, formatdate(time() + 30, usegmt=True))
    assert dated is not None
    assert 28 <= dated <= 31
    assert policy.pause(1, formatdate(time() - 100, usegmt=True)) == 0.0
    nonsense = policy.pause(1, "soon")
    assert nonsense is not None
    assert nonsense < 1


def test_a_doctor_never_tries_again() -> None:
    assert RetryPolicy(retries=0).pause(1, "1") is None


@pytest.mark.parametrize(
    ("status", "again"),
    [
        *((status, True) for status in (429, 500, 502, 503, 504)),
        *((status, False) for status in (200, 400, 401, 403, 404, 501)),
    ],
)
def test_only_429_and_5xx_are_worth_it(status: int, again: bool) -> None:
    assert bool(status_reason(status)) is again


@pytest.mark.parametrize(
    ("stage", "code", "again"),
    [
        ("read", 0, True),
        ("write", 0, True),
        ("timeout", 0, True),
        ("tls", 20, False),
        ("tls", 0, False),
        ("dns", 0, False),
        ("connect", 0, False),
        ("protocol", 0, False),
    ],
)
def test_only_broken_connections_are_worth_it(stage, code: int, again: bool) -> None:
    error = TransportError(
        stage=stage,
        method="GET",
        url="https://h/",
        endpoint=Endpoint("https", "h", 443),
        cause="x",
        verify_code=code,
    )
    assert bool(transport_reason(error)) is again
