"""Builds for several platforms at once, by the command line."""

from __future__ import annotations

import json
import struct
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.builds import Builds, serve_base
from tests.fixtures.registry import Server

pytestmark = [pytest.mark.integration, pytest.mark.root]

BOTH = ("--platform", "linux/amd64,linux/arm64")
CROSS = """
FROM --platform=$BUILDPLATFORM BASE AS build
ARG TARGETARCH
RUN echo built for $TARGETARCH >/out
FROM scratch
COPY --from=build /out /
COPY same /
"""
NOBODY_S_PROGRAM = (
    struct.pack(
        "<4s5B7xHHIQQQIHHHHHH",
        *(b"\x7fELF", 2, 1, 1, 0, 0, 2, 0x1234, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0),
    )
    + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 128, 128, 0x1000)
    + bytes.fromhex("000080d2a80b80d2010000d4")
)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    server, base = serve_base(tmp_path)
    with server:
        yield server, base


@pytest.fixture
def builds(tmp_path: Path, registry: tuple[Server, str]) -> Builds:
    return Builds(tmp_path, registry[1])


def blob(layout: Path, digest: str) -> Any:
    return json.loads((layout / "blobs" / digest.replace(":", "/")).read_text())


def test_an_index_has_an_image_for_each_and_steps_are_named_by_platform(
    builds: Builds, tmp_path: Path
) -> None:
    layout = tmp_path / "layout"
    ended = builds.run(
        *BOTH, "-o", f"type=oci,tar=false,dest={layout}", builds.context(CROSS, same="same\n")
    )
    assert ended.code == 0, ended.text
    entry = json.loads((layout / "index.json").read_text())["manifests"][0]
    assert entry["mediaType"] == "application/vnd.oci.image.index.v1+json"
    manifests = blob(layout, entry["digest"])["manifests"]
    assert [m["platform"] for m in manifests] == [
        {"architecture": "amd64", "os": "linux"},
        {"architecture": "arm64", "os": "linux"},
    ]
    images = [blob(layout, each["digest"]) for each in manifests]
    configs = [blob(layout, each["config"]["digest"]) for each in images]
    assert [config["architecture"] for config in configs] == ["amd64", "arm64"]
    steps = ended.steps()
    for name in (
        "[linux/amd64 build 2/2] RUN echo built for amd64 >/out",
        "[linux/amd64->arm64 build 2/2] RUN echo built for arm64 >/out",
        "[linux/arm64 stage-1 2/2] COPY same /",
    ):
        assert steps[name] == "DONE", steps
    assert ended.stderr.count("load build definition") == 1
    assert "exporting manifest list" in ended.stderr


def test_trees_are_split_by_platform_unless_told_otherwise(builds: Builds, tmp_path: Path) -> None:
    context = builds.context(CROSS, same="same\n")
    tree, archive, merged = (tmp_path / name for name in ("tree", "all.tar", "merged"))
    ended = builds.run(
        *(*BOTH, "-o", tree, "-o", f"type=tar,dest={archive}"),
        *("-o", f"type=local,dest={merged},platform-split=false"),
        context,
    )
    assert ended.code == 0, ended.text
    assert (tree / "linux_arm64/out").read_text() == "built for arm64\n"
    assert (tree / "linux_amd64/out").read_text() == "built for amd64\n"
    assert (merged / "same").read_text() == "same\n"
    with tarfile.open(archive) as tar:
        assert {"linux_amd64/out", "linux_arm64/out"} <= set(tar.getnames())


def test_one_platform_may_be_asked_for_as_if_it_were_several(
    builds: Builds, tmp_path: Path
) -> None:
    layout, tree = tmp_path / "layout", tmp_path / "tree"
    context = builds.context(CROSS, same="same\n")
    forced = ("--build-arg", "BUILDKIT_MULTI_PLATFORM=1")
    ended = builds.run(*forced, "-o", f"type=oci,tar=false,dest={layout}", "-o", str(tree), context)
    assert ended.code == 0, ended.text
    entry = json.loads((layout / "index.json").read_text())["manifests"][0]
    assert [m["platform"]["os"] for m in blob(layout, entry["digest"])["manifests"]] == ["linux"]
    assert [path.name for path in tree.iterdir()] == ["linux_amd64"]
    assert "[linux/amd64 build 2/2] RUN echo built for amd64 >/out" in ended.steps()
    refused = builds.run(*forced, "-o", f"type=docker,dest={tmp_path}/d.tar", context)
    assert "docker exporter does not currently support exporting manifest lists" in refused.stderr
    for value, text in (("x", "invalid boolean value for multi-platform: x"),
                        ("0", "returning multiple target platforms is not allowed")):  # fmt: skip
        refused = builds.run(*BOTH, "--build-arg", f"BUILDKIT_MULTI_PLATFORM={value}", context)
        assert refused.code == 2
        assert text in refused.stderr


def test_an_index_is_pushed_with_all_its_images(
    builds: Builds, registry: tuple[Server, str], tmp_path: Path
) -> None:
    server, _ = registry
    name = f"{server.authority}/made/both:1"
    metadata, iid = tmp_path / "metadata.json", tmp_path / "iid"
    ended = builds.run(
        *(*BOTH, "-t", name, "--push", "--metadata-file", metadata, "--iidfile", iid),
        builds.context(CROSS, same="same\n"),
    )
    assert ended.code == 0, ended.text
    written = json.loads(metadata.read_text())
    assert written["image.name"] == name
    assert written["containerimage.digest"] == iid.read_text()
    copy = tmp_path / "copy"
    again = builds.run(
        *("--platform", "linux/arm64", "--pull", "-o", copy),
        builds.context(f"FROM {name}\n"),
    )
    assert again.code == 0, again.text
    assert (copy / "out").read_text() == "built for arm64\n"


def test_docker_s_archive_holds_one_platform(builds: Builds, tmp_path: Path) -> None:
    ended = builds.run(
        *BOTH, "-o", f"type=docker,dest={tmp_path / 'x.tar'}", builds.context(CROSS, same="x")
    )
    assert ended.code == 1
    assert "docker exporter does not currently support exporting manifest lists" in ended.stderr
    assert not (tmp_path / "x.tar").exists()


def test_a_program_that_nothing_here_can_run_is_one_clear_finding(builds: Builds) -> None:
    context = builds.context(
        'FROM scratch\nCOPY --chmod=755 foreign /\nRUN ["/foreign"]\n', foreign=NOBODY_S_PROGRAM
    )
    ended = builds.run("--platform", "linux/arm64", context)
    assert ended.code == 1
    assert 'process "/foreign" did not complete successfully' in ended.stderr
    assert ended.stderr.count("multiarch-exec-format-error") == 1
    assert "exec format error" in ended.stderr.lower()
