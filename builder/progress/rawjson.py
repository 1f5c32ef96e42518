"""JSON lines: each a ``SolveStatus`` as BuildKit's clients write it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import Any

from builder.events import Event, LogEvent, SourceRange, StatusEvent, VertexEvent, WarningEvent
from builder.oci import gojson
from builder.progress.text import rfc3339


class RawJSONDisplay:
    """One line for every batch of events, at once."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write

    def update(self, events: Iterable[Event]) -> None:
        status = solve_status(events)
        if status:
            self._write(gojson.dumps(status) + b"\n")

    def refresh(self) -> None:
        """Nothing waits."""

    def done(self) -> None:
        """Nothing is left."""


def solve_status(events: Iterable[Event]) -> dict[str, list[dict[str, Any]]]:
    """The JSON object of these events; empty lists are left out."""
    status: dict[str, list[dict[str, Any]]] = {
        "vertexes": [],
        "statuses": [],
        "logs": [],
        "warnings": [],
    }
    for event in events:
        if isinstance(event, VertexEvent):
            status["vertexes"].append(_vertex(event))
        elif isinstance(event, StatusEvent):
            status["statuses"].append(_status(event))
        elif isinstance(event, LogEvent):
            status["logs"].append(_log(event))
        else:
            status["warnings"].append(_warning(event))
    return {kind: rows for kind, rows in status.items() if rows}


def _without_empty(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value}


def _time(seconds: float | None) -> str:
    return "" if seconds is None else rfc3339(seconds)


def _vertex(event: VertexEvent) -> dict[str, Any]:
    return _without_empty(
        {
            "digest": event.digest,
            "inputs": list(event.inputs),
            "name": event.name,
            "started": _time(event.started),
            "completed": _time(event.completed),
            "cached": event.cached,
            "error": event.error,
        }
    )


def _status(event: StatusEvent) -> dict[str, Any]:
    row: dict[str, Any] = {"id": event.id, "vertex": event.vertex}
    row |= _without_empty({"name": event.name, "total": event.total})
    row |= {"current": event.current, "timestamp": rfc3339(event.timestamp)}  # even when zero
    times = {"started": _time(event.started), "completed": _time(event.completed)}
    return row | _without_empty(times)


def _log(event: LogEvent) -> dict[str, Any]:
    row: dict[str, Any] = {
        "vertex": event.vertex,
        "stream": event.stream,
        "data": _base64(event.data),
    }
    return _without_empty(row) | {"timestamp": rfc3339(event.timestamp)}


def _warning(event: WarningEvent) -> dict[str, Any]:
    source = event.source
    return _without_empty(
        {
            "vertex": event.vertex,
            "level": event.level,
            "short": _base64(event.short.encode()),
            "detail": [_base64(line.encode()) for line in event.detail],
            "url": event.url,
            "sourceInfo": source
            and _without_empty(
                {
                    "filename": source.filename,
                    "data": _base64(source.data),
                    "language": source.language,
                }
            ),
            "range": [_range(lines) for lines in event.ranges],
        }
    )


def _range(lines: SourceRange) -> dict[str, Any]:
    return {"start": {"line": lines.start}, "end": {"line": lines.end}}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
