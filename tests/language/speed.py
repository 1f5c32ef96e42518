"""What long Dockerfiles cost, ours and BuildKit's, turn by turn: seconds of processor time.

*convert* is the frontend alone: BuildKit's is the judge, less what it takes to start. *command* is
what a user runs, ``regdoctor build --call=convertllb``; beside it are ``buildctl`` and what its
daemon, which runs already, takes for it. Nothing fails because something is slow.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from builder.frontend.dockerfile import convert, subrequests
from builder.oci import gojson
from regdoctor.cli import COLLECT_EVERY
from tests.fixtures.longfiles import SHAPES
from tests.language.cases import Case, case_of
from tests.language.judge import ask
from tests.language.ours import Images, options_of
from tests.parity.builders import COMPILED, BuildKit, buildkit

QUESTION = "frontend.convertllb"
_OURS = (sys.executable, "-c", "import sys; from regdoctor.cli import main; sys.exit(main())")


def converted(case: Case) -> float:
    """Seconds of our frontend for the definition of ``case``, as bytes."""
    options, _ = options_of(case)
    started = time.process_time()
    asyncio.run(convert(case.dockerfile, case.filename, options, Images(case)))
    return time.process_time() - started


def answered(case: Case) -> float:
    """Seconds of our frontend for the document of the question."""
    options, _ = options_of(case)
    started = time.process_time()
    made = subrequests.convertllb(case.dockerfile, case.filename, options, Images(case))
    gojson.dumps(asyncio.run(made), indent=2)
    return time.process_time() - started


def tell(count: int = 1000, turns: int = 5) -> Iterator[str]:
    """A line for each shape."""
    gc.set_threshold(COLLECT_EVERY)  # as a user's process has it
    empty = case_of("empty", b"FROM scratch\n")
    yield f"{count} of each, seconds of processor time (medians of {turns}), ours / BuildKit's:"
    with tempfile.TemporaryDirectory(prefix="speed-") as directory:
        scratch = Path(directory)
        with buildkit(_made(scratch / "buildkit")) as theirs:
            daemon = _process_of(scratch / "buildkit")
            for name, shape in SHAPES.items():
                case = case_of(name, shape(count).encode())
                context = _made(scratch / name)
                (context / "Dockerfile").write_bytes(case.dockerfile)
                (context / "file").touch()
                rows = [
                    (
                        converted(case),
                        _judged(case, "") - _judged(empty, ""),
                        answered(case),
                        _judged(case, QUESTION) - _judged(empty, QUESTION),
                        _children(lambda context=context: _asked(context, scratch)),
                        _buildctl(context, theirs, daemon),
                    )
                    for _ in range(turns)
                ]
                a, b, c, d, e, f = (median(column) for column in zip(*rows, strict=True))
                yield (
                    f"{name}: convert {a:.2f} / {b:.2f}, convertllb {c:.2f} / {d:.2f}, "
                    f"command {e:.2f} / {f:.2f}"
                )


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


def _children(run: Callable[[], object]) -> float:
    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = used()
    run()
    return used() - before


def _judged(case: Case, request: str) -> float:
    return _children(lambda: ask([case], request))


def _asked(context: Path, scratch: Path) -> None:
    command = (*_OURS, "build", "--root", str(scratch / "ours"), "--call=convertllb", str(context))
    subprocess.run(command, check=True, capture_output=True)


def _process_of(directory: Path) -> int:
    """The daemon whose state is in ``directory``."""
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = place.read_bytes().split(b"\0")
            if words[0].endswith(b"buildkitd") and str(directory / "root").encode() in words:
                return int(place.parent.name)
    raise RuntimeError("no daemon runs")


def _seconds_of(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _buildctl(context: Path, daemon: BuildKit, process: int) -> float:
    command = (
        *(str(COMPILED / "buildctl"), "--addr", daemon.address, "build"),
        *("--frontend", "dockerfile.v0", "--opt", f"requestid={QUESTION}"),
        *("--local", f"context={context}", "--local", f"dockerfile={context}"),
    )
    before = _seconds_of(process)
    own = _children(lambda: subprocess.run(command, check=True, capture_output=True))
    return own + _seconds_of(process) - before
