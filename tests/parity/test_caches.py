"""A cache that one builder writes is read by the other, and every step hits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from tests.parity.builders import CASES, BuildKit
from tests.parity.caches import BuildKitCaching, CachingBuilder, OursCaching
from tests.parity.conftest import Start

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.root]

NAMES = sorted(path.name for path in CASES.iterdir())
DIRECTIONS = ["ours to buildkit", "buildkit to ours"]
Pair = Callable[[str], tuple[CachingBuilder, CachingBuilder]]


@pytest.fixture(scope="module")
def pair(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """The writer and the reader of a direction."""
    ours: CachingBuilder = OursCaching(tmp_path_factory.mktemp("ours") / "state")

    def named(direction: str) -> tuple[CachingBuilder, CachingBuilder]:
        theirs: CachingBuilder = BuildKitCaching(cast("BuildKit", start("buildkit")).address)
        return (ours, theirs) if direction.startswith("ours") else (theirs, ours)

    return named


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("case", NAMES)
def test_every_step_of_a_whole_cache_hits(
    pair: Pair, base: str, tmp_path: Path, direction: str, case: str
) -> None:
    writer, reader = pair(direction)
    arguments = {"BASE": base}
    exported = writer.build(
        CASES / case, arguments, exports=[f"type=local,dest={tmp_path}/cache,mode=max"]
    )
    read = reader.build(CASES / case, arguments, imports=[f"type=local,src={tmp_path}/cache"])
    assert read.runs == (), read.text
    assert len(read.hits) == len(exported.runs + exported.hits)
