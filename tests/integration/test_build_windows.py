"""Images for Windows are refused by a sentence that says so; questions about them are not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import Builds
from tests.fixtures.registry import Registry, Server, Store

pytestmark = [pytest.mark.integration, pytest.mark.root]

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture
def builds(tmp_path: Path) -> Iterator[Builds]:
    """``win/core:1`` is an image for Windows, ``win/core:both`` an index of it alone."""
    store = Store()
    digest = store.add_image("win/core", "1", os="windows")
    entry = {
        "mediaType": MANIFEST,
        "digest": digest,
        "size": len(store.repositories["win/core"].manifests[digest].data),
        "platform": {"os": "windows", "architecture": "amd64", "os.version": "10.0.17763.1"},
    }
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}
    store.add_manifest("win/core", json.dumps(index).encode(), INDEX, "both")
    with Server(Registry(store)) as server:
        yield Builds(tmp_path, f"{server.authority}/win/core")


def test_a_result_for_windows(builds: Builds) -> None:
    context = builds.context("FROM scratch\nCOPY Dockerfile /\n")
    ended = builds.run("--platform", "linux/amd64,windows/amd64", context)
    assert ended.code == 2
    assert ended.stderr == (
        "regdoctor: --platform windows/amd64: only images for Linux can be built\n"
        "hint: build images for Windows on a Windows host, with docker\n"
    )


@pytest.mark.parametrize("base", ["BASE:1", "--platform=windows/amd64 BASE:both"])
def test_a_base_for_windows(builds: Builds, base: str) -> None:
    ended = builds.run(builds.context(f"FROM {base}\nRUN dir\n"))
    assert ended.code == 1
    assert "is an image for Windows: only images for Linux can be built\n" in ended.stderr
    assert "RUN dir" not in "".join(ended.steps())


def test_an_index_of_nothing_but_windows(builds: Builds) -> None:
    ended = builds.run("--preflight=off", builds.context("FROM BASE:both\nRUN dir\n"))
    assert ended.code == 1
    assert "no match for platform in manifest" in ended.stderr
    assert "offers windows/amd64: only images for Linux can be built" in ended.stderr


def test_a_dockerfile_for_windows_may_be_asked_about(builds: Builds) -> None:
    context = builds.context("FROM BASE:1\nRUN dir\n")
    assert builds.run("--call=targets", "--platform", "windows/amd64", context).code == 0
