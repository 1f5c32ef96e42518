"""What is built. Where a run must not be cached, its Dockerfile is written anew."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workload:
    """``write(context)`` makes the context of one run.

    ``cold`` runs begin with empty state, base image included. Of the others the first run is not
    counted, so that all have the base image. ``archive``: the image is written to a tar as well.
    """

    code: str
    title: str
    write: Callable[[Path], None]
    cold: bool = False
    archive: bool = False


def _multi_stage(context: Path) -> None:
    """2,000 files, two stages, three steps. Written once: the same for every run."""
    if (context / "Dockerfile").exists():
        return
    for number in range(2000):
        directory = context / "src" / f"{number % 40:02}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{number:04}.txt").write_text(f"file {number}\n" * (number % 50))
    (context / "Dockerfile").write_text(
        "ARG BASE\n"
        "FROM $BASE AS build\n"
        "WORKDIR /src\n"
        "COPY src .\n"
        "RUN find . -type f | sort | xargs cat >/all\n"
        "RUN wc -c /all >/size\n"
        "FROM $BASE\n"
        "COPY --from=build /all /size /srv/\n"
        "RUN cat /srv/size >/srv/said\n"
    )


def _forty_steps(context: Path) -> None:
    steps = "".join(f"RUN echo {number} >/file-{number}\n" for number in range(40))
    _fresh(context, f"ARG BASE\nFROM $BASE\n{steps}")


def _eight_stages(context: Path) -> None:
    mark = uuid.uuid4().hex
    stages = "".join(
        f"FROM $BASE AS s{number}\nRUN sleep 1 && echo {mark} >/done\n" for number in range(8)
    )
    copies = "".join(f"COPY --from=s{number} /done /{number}\n" for number in range(8))
    _fresh(context, f"ARG BASE\n{stages}FROM $BASE\n{copies}")


def _large_context(context: Path) -> None:
    """One line of the Dockerfile differs from run to run."""
    _fill(context / "data")
    _fresh(context, "ARG BASE\nFROM $BASE\n", "COPY data /data\n")


def _one_file_changed(context: Path) -> None:
    """One file of the context differs from run to run."""
    _fill(context / "data")
    (context / "data" / "000" / "00000").write_text(uuid.uuid4().hex)
    (context / "Dockerfile").write_text("ARG BASE\nFROM $BASE\nCOPY data /data\n")


def _fill(data: Path) -> None:
    """30,000 files, 500 MB."""
    if data.exists():
        return
    block = bytes(range(256)) * 65
    for number in range(30000):
        directory = data / f"{number % 300:03}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{number:05}").write_bytes(number.to_bytes(4, "big") + block)


def _thousand_stages(context: Path) -> None:
    """Each stage copies what the one before it has."""
    (context / "file").write_text("the file\n")
    stages = "".join(
        f"FROM scratch AS s{number}\nCOPY --from=s{number - 1} / /\n" for number in range(1, 1000)
    )
    (context / "Dockerfile").write_text(f"FROM scratch AS s0\nCOPY file /\n{stages}")


def _two_lines(context: Path) -> None:
    (context / "Dockerfile").write_text("ARG BASE\nFROM $BASE\nRUN echo once >/once\n")


def _fresh(context: Path, start: str, end: str = "") -> None:
    """A Dockerfile that no cache has seen: it begins with a step of its own."""
    head, _, steps = start.partition("FROM $BASE\n")
    mark = f"RUN echo {uuid.uuid4().hex} >/mark\n"
    (context / "Dockerfile").write_text(f"{head}FROM $BASE\n{mark}{steps}{end}")


WORKLOADS = (
    Workload("W1", "cold, multi-stage, 2,000 files, 3 RUN", _multi_stage, cold=True, archive=True),
    Workload("W2", "the same again, all cached", _multi_stage, archive=True),
    Workload("W3", "40 RUN steps", _forty_steps),
    Workload("W4", "8 independent stages of sleep 1", _eight_stages),
    Workload("W5", "COPY of 30,000 files, 500 MB", _large_context, archive=True),
    Workload("W6", "the same after one file changed", _one_file_changed, archive=True),
    Workload("W7", "two lines, all cached", _two_lines),
    Workload("W9", "1,000 stages of one COPY, all cached", _thousand_stages),
)
