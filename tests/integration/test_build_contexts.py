"""What a build keeps of its contexts: nothing but what came of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import Builds, serve_base

pytestmark = [pytest.mark.integration, pytest.mark.root]


@pytest.fixture
def builds(tmp_path: Path) -> Iterator[Builds]:
    server, base = serve_base(tmp_path)
    with server:
        yield Builds(tmp_path, base)


def _kept(builds: Builds, name: str) -> int:
    return len(list((builds.root / "snapshots").rglob(name)))


def test_no_copy_of_the_context_stays_behind(builds: Builds) -> None:
    context = builds.context("FROM scratch\nCOPY the-note /\n", **{"the-note": "hello"})
    for _ in range(2):
        assert builds.image(context).read("the-note") == b"hello"
        assert _kept(builds, "the-note") == 1  # that of the layer


def test_no_copy_of_the_context_stays_behind_a_failed_build(builds: Builds) -> None:
    context = builds.context("FROM BASE\nCOPY the-note /\nRUN false\n", **{"the-note": "hello"})
    assert builds.run(context).code != 0
    assert _kept(builds, "the-note") == 1


def test_a_directory_that_an_image_lies_on_stays(builds: Builds, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "below").write_text("below")
    context = builds.context("FROM tree\nCOPY above /\n", above="above")
    for _ in range(2):
        image = builds.image("--build-context", f"tree={tree}", context)
        assert image.read("below") == b"below"
        assert image.read("above") == b"above"
