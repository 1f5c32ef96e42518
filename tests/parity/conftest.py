"""The registry with the base image, and one running builder of each kind, for this room."""

from __future__ import annotations

import contextlib
import functools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fixtures import images
from tests.parity.builders import BUILDERS, CASES, Builder
from tests.parity.flatten import Flat, flatten

Build = Callable[[str, str], Flat]
Start = Callable[[str], Builder]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The reference of a BusyBox image in a registry on loopback."""
    directory = tmp_path_factory.mktemp("registry")
    with images.registry(directory) as address:
        images.push(images.busybox(directory / "base"), address, "base", "latest")
        yield f"{address}/base:latest"


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """``start(name)``: that builder, started when first asked for, stopped at the end."""
    running: dict[str, Builder] = {}
    with contextlib.ExitStack() as stack:
        # Not pytest's directory: its long name does not fit into the address of a socket.
        scratch = Path(tempfile.mkdtemp(prefix="parity-"))
        stack.callback(shutil.rmtree, scratch)

        def started(name: str) -> Builder:
            if name not in running:
                (scratch / name).mkdir()
                running[name] = stack.enter_context(BUILDERS[name](scratch / name))
            return running[name]

        yield started


@pytest.fixture(scope="module")
def build(base: str, start: Start, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """``build(builder, case)``: the flattened image; each pair is built once."""
    image = tmp_path_factory.mktemp("image") / "image.tar"

    @functools.cache
    def once(name: str, case: str) -> Flat:
        start(name).build(CASES / case, {"BASE": base}, image)
        return flatten(image)

    return once
