"""Requests that are sent again are told, before there is a progress and in it."""

from __future__ import annotations

import pytest

from builder.events import Event, LogEvent, VertexEvent
from builder.registry.retry import Retrying
from regdoctor.cli.retrylog import RetryLog

RETRY = Retrying("GET", "https://registry.example/v2/", "status 503", 1, 3, 0.5)
SAID = "GET https://registry.example/v2/ again in 0.5s (1/3): status 503\n"


def test_without_a_progress_a_retry_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    RetryLog().tell(RETRY)
    assert capsys.readouterr().err == SAID


def test_in_a_progress_it_is_a_step_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    events: list[Event] = []
    log = RetryLog()
    log.show_in(events.append)
    log.tell(RETRY)
    log.tell(RETRY)
    assert capsys.readouterr().err == ""
    assert [each.data.decode() for each in events if isinstance(each, LogEvent)] == [SAID, SAID]
    vertices = [each for each in events if isinstance(each, VertexEvent)]
    assert len({each.digest for each in vertices}) == 1
    assert len({each.started for each in vertices}) == 1
    assert vertices[-1].completed is not None
