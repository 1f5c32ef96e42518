"""Output that BuildKit 0.32 printed (``data/``), and the events that must have led to it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from builder.events import Event, LogEvent, StatusEvent, VertexEvent, WarningEvent

DATA = Path(__file__).with_name("data")
_UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}


def _seconds(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()


def stream() -> list[list[Event]]:
    """``rawjson.jsonl``: one list of events for every line."""
    return [list(_line(json.loads(line))) for line in rawjson().splitlines()]


def rawjson() -> str:
    return (DATA / "rawjson.jsonl").read_text()


def _line(status: dict[str, Any]) -> Iterator[Event]:
    for v in status.get("vertexes", ()):
        times = _seconds(v.get("started")), _seconds(v.get("completed"))
        yield VertexEvent(
            v["digest"],
            v["name"],
            tuple(v.get("inputs", ())),
            *times,
            v.get("cached", False),
            v.get("error", ""),
        )
    for s in status.get("statuses", ()):
        yield StatusEvent(
            s["vertex"],
            s["id"],
            s.get("name", ""),
            s["current"],
            s.get("total", 0),
            _seconds(s["timestamp"]) or 0.0,
            _seconds(s.get("started")),
            _seconds(s.get("completed")),
        )
    for log in status.get("logs", ()):
        data = base64.b64decode(log["data"])
        yield LogEvent(log["vertex"], log["stream"], data, _seconds(log["timestamp"]) or 0.0)


def plain(name: str) -> str:
    """The progress part of a recorded plain log, without what the client said after it."""
    text = (DATA / f"plain-{name}.txt").read_text()
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if line == "\n" or line.startswith("#"))


def after(name: str) -> str:
    """What the client printed after the progress of a recorded plain log."""
    return (DATA / f"plain-{name}.txt").read_text().removeprefix(plain(name))


def events_of(log: str) -> Iterator[list[Event]]:
    """Events that print ``log``: one batch for each time that a vertex had the floor."""
    clock = 1000.0
    for block in log.strip("\n").split("\n\n"):
        lines = [line.split(" ", 1) for line in block.splitlines()]
        number, name = lines[0]
        digest, start = f"sha256:{number}", clock
        batch: list[Event] = [VertexEvent(digest, name, started=start)]
        for _, text in lines[1:]:
            clock += 0.5
            if text.startswith(("DONE", "CACHED", "CANCELED", "ERROR: ")):
                batch.append(_end(digest, name, start, text))
            elif text.startswith("WARN: "):
                batch.append(WarningEvent(digest, text.removeprefix("WARN: ")))
            elif match := re.fullmatch(r"([0-9.]+) (.*)", text):
                stamp = start + float(match.group(1))
                batch.append(LogEvent(digest, 1, match.group(2).encode() + b"\n", stamp))
            else:
                batch.append(_status(digest, text))
        yield from _batches(batch)


def _batches(batch: list[Event]) -> Iterator[list[Event]]:
    """Statuses of one id that are printed twice must have come at two times."""
    seen: set[str] = set()
    part: list[Event] = []
    for event in batch:
        if isinstance(event, StatusEvent):
            if event.id in seen:
                yield part
                part = []
            seen.add(event.id)
        part.append(event)
    yield part


def _end(digest: str, name: str, start: float, text: str) -> VertexEvent:
    seconds = float(text.split()[1].rstrip("s")) if text.startswith("DONE") else 0.0
    error = text.removeprefix("ERROR: ") if text.startswith("ERROR: ") else ""
    error = "context canceled" if text == "CANCELED" else error
    cached = text == "CACHED"
    return VertexEvent(digest, name, (), start, start + seconds, cached, error)


def _status(digest: str, text: str) -> StatusEvent:
    completed = text.endswith(" done")
    text = text.removesuffix(" done")
    seconds = 0.0
    if match := re.search(r" ([0-9]+\.[0-9])s$", text):
        seconds = float(match.group(1)) + 0.02  # a printed time is over a hundredth
        text = text[: match.start()]
    current = total = 0
    if match := re.search(r"( ([0-9.]+)([kMG]?B) /)? ([0-9.]+)([kMG]?B)$", text):
        last = round(float(match.group(4)) * _UNITS[match.group(5)])
        if match.group(1):
            current, total = round(float(match.group(2)) * _UNITS[match.group(3)]), last
        else:
            current = last
        text = text[: match.start()]
    end = 1000.0 + seconds
    return StatusEvent(digest, text, "", current, total, end, 1000.0, end if completed else None)
