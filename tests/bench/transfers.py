"""Row W8: an image of 500 MB in 8 layers goes to a registry, and comes back unpacked.

Each turn has an empty registry on loopback, and a place that has nothing of the image yet; both
are made before the clock starts, daemons too. Who pushes has the image already. Ours and BuildKit
unpack for a COPY, docker and skopeo (into containers-storage) for the pull itself.
"""

from __future__ import annotations

import contextlib
import io
import random
import shutil
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.memory import Peak
from tests.fixtures import images
from tests.parity import builders
from tests.parity.builders import COMPILED, DOCKER, BuilderRefusedError

CODE = "W8"
TITLE = "push, pull and unpack 500 MB in 8 layers"
_LAYERS, _FILES, _SIZE = 8, 250, 250_000

Place = Callable[[str], None]
"""Pushes to, or pulls from, the reference that it is given."""


def measure(scratch: Path, runs: int, names: list[str]) -> tuple[dict[str, list[float]], Peak]:
    """Seconds of a push and a pull by program, and our peak."""
    scratch.mkdir()
    peak = Peak(scratch / "peak")
    layout = _image(scratch)
    programs = {
        "ours": lambda source: _Ours(scratch / "ours", source, peak),
        "docker": lambda source: _Docker(scratch / "docker", source),
        "buildkit": lambda source: _BuildKit(scratch / "buildkit", source),
        "skopeo": lambda source: _Skopeo(layout),
    }
    times: dict[str, list[float]] = {}
    sys.stderr.write(f"{CODE}: {TITLE}\n")
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(images.registry(scratch / "source"))
        images.push(layout, source, "app", "1")
        ready = {}
        for name in (*names, "skopeo"):
            if name not in programs:
                continue
            try:
                ready[name] = stack.enter_context(programs[name](f"{source}/app:1"))
            except BuilderRefusedError as error:
                sys.stderr.write(f"{CODE}: {name}: {str(error)[-600:]}\n")
        for _ in range(runs):
            for name, program in list(ready.items()):
                try:
                    times.setdefault(name, []).append(_turn(scratch, program))
                except BuilderRefusedError as error:
                    del ready[name]
                    sys.stderr.write(f"{CODE}: {name}: {str(error)[-600:]}\n")
    return times, peak


def _turn(scratch: Path, program: _Program) -> float:
    directory = Path(tempfile.mkdtemp(dir=scratch))
    try:
        with images.registry(directory / "registry") as registry, program.fresh(directory) as pull:
            started = time.perf_counter()
            program.push(f"{registry}/app:1")
            pushed = time.perf_counter()
            pull(f"{registry}/app:1")
            ended = time.perf_counter()
        sys.stderr.write(
            f"{CODE}: {program.name}: push {pushed - started:.2f}, pull {ended - pushed:.2f}\n"
        )
        return ended - started
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class _Program:
    """Has the image once entered; ``fresh`` lends a place that has not, for one pull."""

    name = ""

    def __enter__(self) -> _Program:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def push(self, reference: str) -> None:
        raise NotImplementedError

    def fresh(self, directory: Path) -> contextlib.AbstractContextManager[Place]:
        raise NotImplementedError


class _Ours(_Program):
    name = "ours"

    def __init__(self, root: Path, source: str, peak: Peak) -> None:
        self._root, self._peak = root, peak
        self._run("build", root, str(_context(root, f"FROM {source}\n")), "-t", "app:1")

    def _run(self, command: str, root: Path, *arguments: str) -> None:
        words = [sys.executable, "-c", self._peak.program, *command.split(), *arguments]
        builders.run([*words, "--root", str(root / "state"), "--progress", "plain"])
        self._peak.note()

    def push(self, reference: str) -> None:
        self._run("image push", self._root, "app:1", reference)

    @contextlib.contextmanager
    def fresh(self, directory: Path) -> Iterator[Place]:
        yield lambda reference: self._run(
            *("build", directory / "ours", "-o", "type=cacheonly"),
            str(_context(directory / "ours", _reading(reference))),
        )


class _Docker(_Program):
    name = "docker"

    def __init__(self, directory: Path, source: str) -> None:
        self._stack = contextlib.ExitStack()
        directory.mkdir()
        self._docker = self._stack.enter_context(builders.docker(directory))
        self._run(self._docker.host, "pull", source)
        self._source = source

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _run(self, host: str, *arguments: str) -> None:
        builders.run([DOCKER, "--host", host, *arguments])

    def push(self, reference: str) -> None:
        self._run(self._docker.host, "tag", self._source, reference)
        self._run(self._docker.host, "push", reference)

    @contextlib.contextmanager
    def fresh(self, directory: Path) -> Iterator[Place]:
        (directory / "docker").mkdir()
        with builders.docker(directory / "docker") as other:
            yield lambda reference: self._run(other.host, "pull", reference)


class _BuildKit(_Program):
    name = "buildkit"

    def __init__(self, directory: Path, source: str) -> None:
        self._stack = contextlib.ExitStack()
        directory.mkdir()
        self._daemon = self._stack.enter_context(builders.buildkit(directory))
        self._context = _context(directory, f"FROM {source}\n")
        unpacking = _context(directory / "first", f"FROM {source}\nCOPY Dockerfile /\n")
        self._daemon.build(unpacking, {}, None)

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def push(self, reference: str) -> None:
        context = self._context
        builders.run(
            [
                *(str(COMPILED / "buildctl"), "--addr", self._daemon.address, "build"),
                *("--progress", "plain", "--frontend", "dockerfile.v0"),
                *("--local", f"context={context}", "--local", f"dockerfile={context}"),
                *("--output", f"type=image,name={reference},push=true"),
            ]
        )

    @contextlib.contextmanager
    def fresh(self, directory: Path) -> Iterator[Place]:
        (directory / "buildkit").mkdir()
        with builders.buildkit(directory / "buildkit") as other:
            yield lambda reference: other.build(
                _context(directory / "reading", _reading(reference)), {}, None
            )


class _Skopeo(_Program):
    name = "skopeo"

    def __init__(self, layout: Path) -> None:
        self._layout = layout

    def push(self, reference: str) -> None:
        self._copy("--dest-tls-verify=false", f"oci:{self._layout}:1", f"docker://{reference}")

    @contextlib.contextmanager
    def fresh(self, directory: Path) -> Iterator[Place]:
        place = f"[overlay@{directory}/skopeo+{directory}/run]"
        with builders.buildah(directory):  # takes down what the storage leaves mounted
            yield lambda reference: self._copy(
                "--src-tls-verify=false",
                *(f"docker://{reference}", f"containers-storage:{place}{reference}"),
            )

    def _copy(self, *arguments: str) -> None:
        builders.run(["skopeo", "copy", *arguments])


def _context(directory: Path, dockerfile: str) -> Path:
    context = directory / "context"
    context.mkdir(parents=True, exist_ok=True)
    (context / "Dockerfile").write_text(dockerfile)
    return context


def _reading(reference: str) -> str:
    return f"FROM scratch\nCOPY --from={reference} /0/000 /\n"


def _image(scratch: Path) -> Path:
    """An OCI layout; its files are half as large when they are compressed."""
    layers = []
    for number in range(_LAYERS):
        source = random.Random(number)
        layers.append(scratch / f"{number}.tar")
        with tarfile.open(layers[-1], "w") as tar:
            for at in range(_FILES):
                entry = tarfile.TarInfo(f"{number}/{at:03}")
                entry.size = _SIZE
                data = source.randbytes(_SIZE // 2).hex().encode()
                tar.addfile(entry, io.BytesIO(data))
    layout = images.write(scratch / "layout", layers, {}, "1")
    for layer in layers:
        layer.unlink()
    return layout
