"""The registry with the base image, and one running builder of each kind, for this room."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fixtures import images
from tests.parity.builders import BUILDERS, CASES, Builder
from tests.parity.flatten import Flat, flatten

Build = Callable[[str, str], Flat]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The reference of a BusyBox image in a registry on loopback."""
    directory = tmp_path_factory.mktemp("registry")
    with images.registry(directory) as address:
        images.push(images.busybox(directory / "base"), address, "base", "latest")
        yield f"{address}/base:latest"


@pytest.fixture(scope="module")
def build(base: str) -> Iterator[Build]:
    """``build(builder, case)``: the flattened image; each pair is built once."""
    made: dict[tuple[str, str], Flat] = {}
    running: dict[str, Builder] = {}
    with contextlib.ExitStack() as stack:
        # Not pytest's directory: its long name does not fit into the address of a socket.
        scratch = Path(tempfile.mkdtemp(prefix="parity-"))
        stack.callback(shutil.rmtree, scratch)

        def once(name: str, case: str) -> Flat:
            if name not in running:
                (scratch / name).mkdir()
                running[name] = stack.enter_context(BUILDERS[name](scratch / name))
            if (name, case) not in made:
                image = scratch / "image.tar"
                running[name].build(CASES / case, {"BASE": base}, image)
                made[name, case] = flatten(image)
            return made[name, case]

        yield once
