"""Images of the corpus by ours, as root and as a plain user, beside BuildKit's."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.fixtures.plainuser import USER
from tests.parity.asked import Asked, BuildKitAsked, Made, OursAsked
from tests.parity.builders import BuilderRefusedError, buildkit
from tests.parity.cases import all_cases
from tests.parity.flatten import exact_differences
from tests.parity.known import CORPUS, unexplained_of_corpus
from tests.parity.served import World, world

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.root]

NAMES = list(all_cases())
MODES = ("root", "rootless")
AT_LEAST = 120
WORKERS = 3

Images = Callable[[str, str], Made]


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    """Not pytest's directory: its long name does not fit into the address of a socket."""
    directory = Path(tempfile.mkdtemp(prefix="parity-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def served(scratch: Path) -> Iterator[World]:
    with world(scratch) as made:
        yield made


@pytest.fixture(scope="module")
def images(request: pytest.FixtureRequest, scratch: Path, served: World) -> Iterator[Images]:
    """``images(builder, case)``: built ahead, some side by side, in the order of the tests."""
    asked = {item.callspec.params["name"]: None for item in request.session.items
             if item.module.__name__ == __name__ and hasattr(item, "callspec")}  # fmt: skip
    (scratch / "buildkit").mkdir()
    with buildkit(scratch / "buildkit") as daemon, ThreadPoolExecutor(WORKERS) as pool:
        builders: list[Asked] = [
            BuildKitAsked(daemon.address, served.words),
            OursAsked("root", scratch / "state", served.words),
            OursAsked("rootless", served.home / "state", served.own, served.prefix),
        ]
        made: dict[tuple[str, str], Future[Made]] = {
            (builder.name, name): pool.submit(_build, builder, name, scratch)
            for name in asked
            for builder in builders
        }
        yield lambda builder, name: made[builder, name].result()
        pool.shutdown(cancel_futures=True)


def _build(builder: Asked, name: str, scratch: Path) -> Made:
    with tempfile.TemporaryDirectory(dir=scratch) as directory:
        os.chown(directory, USER, USER)
        return builder.build(all_cases()[name], Path(directory))


def _differences(images: Images, mode: str, name: str) -> dict[str, str]:
    """What differs, each by the number of its output and platform where there are several."""
    try:
        ours = images(mode, name)
    except BuilderRefusedError as error:
        images("buildkit", name)
        return {"refused": str(error)}
    found = {}
    outputs = all_cases()[name].outputs
    made = zip(outputs, ours, images("buildkit", name), strict=True)
    for number, (output, left, right) in enumerate(made):
        assert len(left) == len(right)
        dated = "rewrite-timestamp" in output
        for one, other in zip(left, right, strict=True):
            for what, how in exact_differences(one, other, dated=dated).items():
                found[what if not number else f"output {number} {what}"] = how
    return found


@pytest.fixture(scope="module")
def equal() -> dict[str, int]:
    """How many images of each mode equal BuildKit's so far."""
    return dict.fromkeys(MODES, 0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", NAMES)
def test_the_images_equal_those_of_buildkit(
    images: Images, equal: dict[str, int], mode: str, name: str
) -> None:
    found = _differences(images, mode, name)
    equal[mode] += not found
    assert unexplained_of_corpus(mode, name, found) == {}


def test_so_many_images_equal_those_of_buildkit(
    equal: dict[str, int], record_property: Callable[[str, object], None]
) -> None:
    record_property(
        "figure",
        f"parity: {equal['root']} of {len(NAMES)} images equal BuildKit's as root, "
        f"{equal['rootless']} of {len(NAMES)} rootless",
    )
    assert min(equal.values()) >= AT_LEAST


def test_every_known_difference_names_a_case_that_exists() -> None:
    assert {name for table in CORPUS.values() for name in table} <= {*NAMES}
