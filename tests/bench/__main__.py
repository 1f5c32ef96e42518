"""Prints one table and writes it as JSON; ``python -m tests.bench --help``.

Builders take turns (A B A B ...), since a machine's speed drifts. A time says something only
beside the others of the same run. Nothing here fails because something is slow.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tabulate import tabulate

from tests.bench import looks, transfers
from tests.bench.memory import Peak
from tests.bench.workloads import WORKLOADS, Workload
from tests.fixtures import images
from tests.parity.builders import BUILDERS, REPOSITORY, Builder, BuilderRefusedError, Ours

Times = dict[str, list[float]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="+", metavar="W1", help="these workloads")
    parser.add_argument("--builder", nargs="+", choices=sorted(BUILDERS), default=list(BUILDERS))
    parser.add_argument("--json", type=Path, default=REPOSITORY / ".peers" / "bench.json")
    wanted = parser.parse_args()
    results: dict[str, Times] = {}
    peaks: dict[str, int] = {}
    chosen = [each for each in WORKLOADS if not wanted.only or each.code in wanted.only]
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        if chosen:
            registry = stack.enter_context(images.registry(scratch / "registry"))
            base = images.debian(REPOSITORY / ".peers" / "images" / "debian")
            images.push(base, registry, "base", "latest")
            bench = Bench(scratch, wanted.builder, f"{registry}/base:latest")
            stack.enter_context(contextlib.closing(bench))
            for each in chosen:
                results[each.code], peaks[each.code] = bench.measure(each, wanted.runs)
        if not wanted.only or transfers.CODE in wanted.only:
            place = scratch / "transfers"
            times, peak = transfers.measure(place, wanted.runs, wanted.builder)
            results[transfers.CODE], peaks[transfers.CODE] = times, peak.mebibytes
        looked = looks.measure(scratch / "looks", wanted.runs, wanted.only or ())
    if results:
        sys.stdout.write(_table(results, peaks, wanted.builder) + "\n")
    if looked:
        sys.stdout.write(_table_of_looks(looked) + "\n")
    wanted.json.parent.mkdir(parents=True, exist_ok=True)
    rows = {f"{row.code} {row.title}": {**row.times, "near": row.near} for row in looked}
    held = {"W10 peak memory of ours, MiB": peaks} if results else {}
    wanted.json.write_text(json.dumps({**results, **held, **rows}, indent=2))
    return 0


class Bench:
    """Keeps the builders, and one context for each workload that shares it."""

    def __init__(self, scratch: Path, names: list[str], base: str) -> None:
        self._scratch, self._names, self._base = scratch, names, base
        self._kept = contextlib.ExitStack()
        self._warm: dict[str, Builder] = {}
        self._peak = Peak(scratch / "peak")

    def close(self) -> None:
        self._kept.close()

    def measure(self, workload: Workload, runs: int) -> tuple[Times, int]:
        """Seconds of each builder's runs (a builder that refuses has none); our peak in MiB."""
        self._peak = Peak(self._scratch / "peak")
        context = self._scratch / workload.write.__name__
        context.mkdir(exist_ok=True)
        times: Times = {name: [] for name in self._names}
        refused: set[str] = set()
        sys.stderr.write(f"{workload.code}: {workload.title}\n")
        for turn in range(runs if workload.cold else runs + 1):
            for name in self._names:
                if name in refused:
                    continue
                workload.write(context)
                try:
                    with self._builder(name, cold=workload.cold) as builder:
                        seconds = self._run(builder, context, workload.archive)
                except BuilderRefusedError as error:
                    refused.add(name)
                    sys.stderr.write(f"{workload.code}: {name}: {str(error)[-600:]}\n")
                    continue
                if workload.cold or turn > 0:
                    times[name].append(seconds)
        told = ", ".join(f"{name} {_cell(seconds)}" for name, seconds in times.items())
        sys.stderr.write(f"{workload.code}: {told}\n")
        return times, self._peak.mebibytes

    @contextlib.contextmanager
    def _builder(self, name: str, *, cold: bool) -> Iterator[Builder]:
        if cold:
            directory = Path(tempfile.mkdtemp(dir=self._scratch, prefix=name))
            try:
                with BUILDERS[name](directory) as builder:
                    yield builder
            finally:
                shutil.rmtree(directory, ignore_errors=True)
            return
        if name not in self._warm:
            directory = self._scratch / name
            directory.mkdir()
            self._warm[name] = self._kept.enter_context(BUILDERS[name](directory))
        yield self._warm[name]

    def _run(self, builder: Builder, context: Path, archive: bool) -> float:
        image = self._scratch / "image.tar" if archive else None
        if isinstance(builder, Ours):
            builder.program = self._peak.program
        started = time.perf_counter()
        builder.build(context, {"BASE": self._base}, image)
        seconds = time.perf_counter() - started
        if isinstance(builder, Ours):
            self._peak.note()
        return seconds


def _table(results: dict[str, Times], peaks: dict[str, int], names: list[str]) -> str:
    """Medians with the least and the most, ours against the best peer, and what ours held."""
    titles = {workload.code: workload.title for workload in WORKLOADS}
    titles[transfers.CODE] = transfers.TITLE
    names = list(dict.fromkeys([*names, *(name for times in results.values() for name in times)]))
    rows = []
    for code, times in results.items():
        peers = [statistics.median(s) for name, s in times.items() if name != "ours" and s]
        ours = times.get("ours")
        ratio = f"{statistics.median(ours) / min(peers):.2f}" if ours and peers else "-"
        rows.append([code, titles[code], *(_cell(times.get(name, [])) for name in names)])
        rows[-1] += [ratio, f"{peaks[code]} MiB" if peaks[code] else "-"]
    return tabulate(rows, ["", "seconds: median (least-most)", *names, "ours/best", "W10"])


def _table_of_looks(rows: list[looks.Row]) -> str:
    """Ours, what the distance adds to it in round trips, and the peers that do such work."""
    cells = [
        [
            row.code,
            row.title,
            _cell(row.times["ours"]),
            row.round_trips,
            ", ".join(f"{n} {_cell(times)}" for n, times in row.times.items() if n != "ours"),
        ]
        for row in rows
    ]
    return tabulate(cells, ["", "50 ms there and back", "ours", "round trips", "peers"])


def _cell(seconds: list[float]) -> str:
    if not seconds:
        return "-"
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f}-{max(seconds):.2f})"


if __name__ == "__main__":
    sys.exit(main())
