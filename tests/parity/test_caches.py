"""A cache that one builder writes is read by the other, and every step hits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from tests.parity.builders import CASES, BuildKit
from tests.parity.caches import BuildKitCaching, CachingBuilder, OursCaching
from tests.parity.conftest import Start

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.root]

NAMES = sorted(path.name for path in CASES.iterdir())
DIRECTIONS = ["ours to buildkit", "buildkit to ours"]
MISSED = {
    # BuildKit 0.32 may run this step again, also where it wrote the cache itself.
    ("buildkit", "copy-link-flag"): frozenset(
        {"[4/4] COPY --link a /usr/share/documents/through-no-link"}
    )
}
Pair = Callable[[str], tuple[CachingBuilder, CachingBuilder]]


@pytest.fixture(scope="module")
def pair(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """The writer and the reader of a direction."""
    ours: CachingBuilder = OursCaching(tmp_path_factory.mktemp("ours") / "state")

    def named(direction: str) -> tuple[CachingBuilder, CachingBuilder]:
        theirs: CachingBuilder = BuildKitCaching(cast("BuildKit", start("buildkit")).address)
        return (ours, theirs) if direction.startswith("ours") else (theirs, ours)

    return named


@pytest.mark.parametrize(
    "attributes",
    [
        "mode=min",
        "mode=max,compression=zstd",
        "mode=max,compression=uncompressed,force-compression=true",
        "mode=max,image-manifest=false",
        "mode=max,oci-mediatypes=false",
    ],
)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_cache_in_a_registry_hits_however_it_is_written(
    pair: Pair, base: str, direction: str, attributes: str
) -> None:
    writer, reader = pair(direction)
    host = base.partition("/")[0]
    name = re.sub("[^a-z]+", "-", f"{direction} {attributes}")
    cache = f"{host}/cache/{name}:of-the-build"
    writer.build(
        CASES / "run-files",
        {"BASE": base},
        exports=[f"type=registry,ref={cache},{attributes}"],
        image=f"{host}/image/{name}:1",
    )
    read = reader.build(CASES / "run-files", {"BASE": base}, imports=[f"type=registry,ref={cache}"])
    assert read.runs == (), read.text
    assert len(read.hits) == 4


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("case", "runs"), [("run-files", 0), ("multi-stage", 4)])
def test_the_cache_in_an_image_hits_as_far_as_the_image_has_the_layers(
    pair: Pair, base: str, direction: str, case: str, runs: int
) -> None:
    """Where the layers of other stages are missing, their steps run for whoever needs them."""
    writer, reader = pair(direction)
    name = re.sub("[^a-z]+", "-", f"{direction} {case}")
    image = f"{base.partition('/')[0]}/inline/{name}:1"
    writer.build(CASES / case, {"BASE": base}, exports=["type=inline"], image=image)
    read = reader.build(CASES / case, {"BASE": base}, imports=[f"type=registry,ref={image}"])
    assert len(read.runs) <= runs, read.text
    assert read.hits


def test_both_write_the_same_records(pair: Pair, base: str, tmp_path: Path) -> None:
    """The configurations are equal but for the blobs, which need not be, and the times."""
    for builder in pair("ours to buildkit"):
        builder.build(
            CASES / "copy-modes",
            {"BASE": base},
            exports=[f"type=local,dest={tmp_path}/{builder.name},mode=max"],
        )
    ours, theirs = (_records(tmp_path / name) for name in ("ours", "buildkit"))
    assert ours == theirs


def _records(cache: Path) -> list[object]:
    """The records of a cache with, for every link, the digest that it leads to."""
    index = json.loads((cache / "index.json").read_bytes())
    manifest = _blob(cache, index["manifests"][0]["digest"])
    records = _blob(cache, manifest["config"]["digest"])["records"]
    return sorted(
        [
            record["digest"],
            len(record.get("layers", ())),
            [
                sorted(
                    [link.get("selector", ""), records[link["link"]]["digest"]] for link in links
                )
                for links in record.get("inputs", ())
            ],
        ]
        for record in records
    )


def _blob(cache: Path, digest: str) -> Any:
    return json.loads((cache / "blobs" / digest.replace(":", "/")).read_bytes())


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
    missed = MISSED.get((reader.name, case), frozenset())
    assert set(read.runs) <= missed, read.text
    assert {*exported.runs, *exported.hits} <= {*read.hits, *missed}
