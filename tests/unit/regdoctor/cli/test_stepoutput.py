"""The output of the step that failed is kept, and no other."""

from __future__ import annotations

from builder.events import Event, LogEvent, VertexEvent
from regdoctor.cli.stepoutput import StepOutput


def test_what_the_failed_step_said_is_kept_and_every_event_passed_on() -> None:
    passed: list[Event] = []
    steps = StepOutput(passed.append)
    events = (
        LogEvent("a", 1, b"fine\n", 1.0),
        LogEvent("b", 1, b"x" * 70_000, 1.0),
        LogEvent("b", 2, b"curl: (60) SSL\n", 1.0),
        VertexEvent("a", "one", started=0.0, completed=2.0),
        VertexEvent("b", "two", started=0.0, completed=2.0, error="exit code: 60"),
        LogEvent("c", 1, b"late", 3.0),
        VertexEvent("c", "three", started=0.0, completed=3.0, error="context canceled"),
    )
    for event in events:
        steps.emit(event)
    assert passed == list(events)
    assert steps.of_failed.endswith("curl: (60) SSL\n")
    assert len(steps.of_failed) == 64 * 1024


def test_nothing_is_kept_of_a_build_that_ends_well() -> None:
    steps = StepOutput(lambda _: None)
    steps.emit(LogEvent("a", 1, b"fine\n", 1.0))
    steps.emit(VertexEvent("a", "one", started=0.0, completed=2.0))
    assert steps.of_failed == ""
