"""BuildKit's frontend, asked about many cases by one process."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.language.cases import Case

PROGRAM = Path(__file__).parents[2] / ".peers/bin/dockerfile-judge"
SESSION = "session"


@dataclass(frozen=True, slots=True)
class Answer:
    """``definitions`` are bytes of ``pb.Definition``, ``ranges`` the lines that an error is about,
    ``warnings`` (text, URL, lines)."""

    error: str = ""
    ranges: tuple[tuple[int, int], ...] = ()
    metadata: Mapping[str, bytes] | None = None
    definitions: tuple[bytes, ...] = ()
    warnings: tuple[tuple[str, str, tuple[tuple[int, int], ...]], ...] = ()
    resolved: tuple[str, ...] = ()


def ask(cases: Iterable[Case], request: str = "") -> list[Answer]:
    """An answer for each case; ``request`` is a subrequest of the frontend."""
    asked: dict[Path, list[tuple[int, Case]]] = {}
    for number, case in enumerate(cases):
        asked.setdefault(_program(case), []).append((number, case))
    answers: dict[int, Answer] = {}
    for program, numbered in asked.items():
        found = _ask(program, [case for _, case in numbered], request)
        answers |= dict(zip([number for number, _ in numbered], found, strict=True))
    return [answers[number] for number in sorted(answers)]


def _program(case: Case) -> Path:
    """The frontend that the daemon would have been sent to: its name is in ``cmdline``."""
    labs = case.opts.get("cmdline", "").endswith("labs")
    return PROGRAM.with_name(f"{PROGRAM.name}-labs") if labs else PROGRAM


def _ask(program: Path, cases: list[Case], request: str) -> list[Answer]:
    lines = "".join(
        json.dumps(_situation(case, request), separators=(",", ":")) + "\n" for case in cases
    )
    done = subprocess.run([str(program)], input=lines.encode(), capture_output=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"the judge broke: {done.stderr.decode(errors='replace')}")
    return [_answer(json.loads(line)) for line in done.stdout.splitlines()]


def _situation(case: Case, request: str) -> dict[str, Any]:
    files = {name: dict(contents) for name, contents in case.files.items()}
    files["dockerfile"].setdefault(case.filename, case.dockerfile)
    opts = dict(case.opts)
    if request:
        opts["requestid"] = request
    return {
        "Opts": opts,
        "Files": {
            name: {path: base64.b64encode(data).decode() for path, data in contents.items()}
            for name, contents in files.items()
        },
        "Images": {name: json.loads(config) for name, config in case.images.items()},
        "Times": case.times,
        "Worker": case.worker,
        "Session": SESSION,
    }


def _answer(document: dict[str, Any]) -> Answer:
    metadata = document["Metadata"] or {}
    return Answer(
        document["Error"],
        tuple(r for source in document["Sources"] or () for r in _ranges(source)),
        {name: base64.b64decode(value or "") for name, value in metadata.items()},
        tuple(base64.b64decode(each) for each in document["Definitions"] or ()),
        tuple(
            (each["Text"], each["URL"], tuple(_ranges({"ranges": each["Ranges"]})))
            for each in document["Warnings"] or ()
        ),
        tuple(document["Resolved"] or ()),
    )


def _ranges(source: Mapping[str, Any]) -> list[tuple[int, int]]:
    ranges = source.get("ranges") or ()
    return [(r["start"].get("line", 0), r["end"].get("line", 0)) for r in ranges]
