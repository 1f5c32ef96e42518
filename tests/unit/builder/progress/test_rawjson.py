"""JSON lines, against a stream that BuildKit wrote."""

from __future__ import annotations

import base64
import json
import re

from builder.events import (
    Event,
    LogEvent,
    SourceInfo,
    SourceRange,
    StatusEvent,
    VertexEvent,
    WarningEvent,
)
from builder.progress.rawjson import RawJSONDisplay
from tests.unit.builder.progress import recorded


def _lines(*batches: list[Event]) -> list[str]:
    out = bytearray()
    display = RawJSONDisplay(out.extend)
    for batch in batches:
        display.update(batch)
        display.refresh()
    display.done()
    return out.decode().splitlines()


def _to_microseconds(text: str) -> str:
    """Our times are floats: what is beyond the microsecond cannot be kept."""
    return re.sub(r"\.(\d{0,6})\d*Z", lambda m: f".{m[1]}".rstrip("0").rstrip(".") + "Z", text)


def test_writes_what_buildkit_wrote_byte_by_byte_but_for_nanoseconds() -> None:
    ours = _lines(*recorded.stream())
    theirs = recorded.rawjson().splitlines()
    assert len(ours) == len(theirs)
    for our, their in zip(ours, theirs, strict=True):
        assert our == _to_microseconds(their)


def test_times_are_utc_without_trailing_zeros() -> None:
    (line,) = _lines([VertexEvent("d", "n", (), 1_700_000_000.5, 1_700_000_001.0)])
    assert json.loads(line)["vertexes"] == [
        {
            "digest": "d",
            "name": "n",
            "started": "2023-11-14T22:13:20.5Z",
            "completed": "2023-11-14T22:13:21Z",
        }
    ]


def test_a_batch_is_one_line_sorted_by_kind() -> None:
    (line,) = _lines(
        [
            LogEvent("d", 2, b"\xffx", 1.0),
            WarningEvent(
                "d",
                "Rule: text",
                1,
                ("why",),
                "https://example.com/rule",
                SourceInfo("Dockerfile", b"FROM x\n"),
                (SourceRange(1, 1),),
            ),
            StatusEvent("d", "s", total=3),
            VertexEvent("d", "a & b", error="boom"),
        ]
    )
    assert list(json.loads(line)) == ["vertexes", "statuses", "logs", "warnings"]
    assert '"name":"a \\u0026 b"' in line
    status = json.loads(line)
    assert base64.b64decode(status["logs"][0]["data"]) == b"\xffx"
    assert status["statuses"][0]["current"] == 0
    (warning,) = status["warnings"]
    assert base64.b64decode(warning["short"]) == b"Rule: text"
    assert [base64.b64decode(d) for d in warning["detail"]] == [b"why"]
    assert warning["sourceInfo"]["filename"] == "Dockerfile"
    assert warning["range"] == [{"start": {"line": 1}, "end": {"line": 1}}]


def test_no_events_are_no_line() -> None:
    assert _lines([]) == []
