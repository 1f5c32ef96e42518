"""SBOMs: a scanner that is an image looks at the result, and what it writes is attached."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.builds import Builds, Ended, serve_base
from tests.fixtures.registry import Server

pytestmark = [pytest.mark.integration, pytest.mark.root]

SCANNER = r"""#!/bin/sh
set -e
files=$(ls "$BUILDKIT_SCAN_SOURCE" | tr '\n' ' ')
cat >"${BUILDKIT_SCAN_DESTINATION}sbom.spdx.json" <<EOT
{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://spdx.dev/Document",
"predicate":{"name":"$files","comment":"$BUILDKIT_SCAN_WORD"}}
EOT
"""


FORGED = {"predicateType": "https://slsa.dev/provenance/v1", "predicate": {}}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    server, base = serve_base(tmp_path)
    with server:
        yield server, base


@pytest.fixture
def builds(tmp_path: Path, registry: tuple[Server, str]) -> Builds:
    return Builds(tmp_path, registry[1])


def scanner(builds: Builds, script: str, command: str = 'CMD ["/scan"]') -> str:
    """The reference of a scanner in the registry that runs ``script``."""
    name = builds.base.replace("base/busybox", "made/scanner")
    context = builds.context(f"FROM BASE\nCOPY --chmod=755 scan /scan\n{command}\n", scan=script)
    ended = builds.run("-t", name, "--push", context)
    assert ended.code == 0, ended.text
    return name


def scanned(builds: Builds, generator: str, *arguments: str) -> tuple[Ended, list[Any]]:
    """How the build ended, and the statements about its image."""
    layout = builds.directory / "layout"
    ended = builds.run(
        *("--sbom", f"generator={generator},WORD=said"),
        *("-o", f"type=oci,tar=false,dest={layout}", *arguments),
        builds.context("FROM scratch\nCOPY a b /\n", a="x", b="y"),
    )

    def read(digest: str) -> Any:
        return json.loads((layout / "blobs" / digest.replace(":", "/")).read_text())

    if ended.code:
        return ended, []
    top = json.loads((layout / "index.json").read_text())["manifests"][0]
    _, attestation = read(top["digest"])["manifests"]
    return ended, [read(layer["digest"]) for layer in read(attestation["digest"])["layers"]]


def test_what_the_scanner_writes_is_attached_before_the_provenance(builds: Builds) -> None:
    name = scanner(builds, SCANNER)
    ended, stated = scanned(builds, name, "--provenance", "mode=min")
    assert [each["predicateType"] for each in stated] == [
        "https://spdx.dev/Document",
        "https://slsa.dev/provenance/v1",
    ]
    assert stated[0]["predicate"] == {"name": "a b ", "comment": "said"}
    assert f"[linux/amd64] generating sbom using {name}" in ended.stderr


def test_each_platform_is_scanned(builds: Builds) -> None:
    ended = builds.run(
        *(
            "--sbom",
            f"generator={scanner(builds, SCANNER)}",
            "--platform",
            "linux/amd64,linux/arm64",
        ),
        *("-o", f"type=oci,dest={builds.directory}/x.tar"),
        builds.context("FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /\n", amd64="x", arm64="y"),
    )
    assert ended.code == 0, ended.text
    assert ended.stderr.count("exporting attestation manifest") >= 2
    for platform in ("linux/amd64", "linux/arm64"):
        assert f"[{platform}] generating sbom" in ended.stderr


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("#!/bin/sh\ntrue\n", "the scanner wrote no SBOM"),
        ("#!/bin/sh\necho hello >/run/out/x.json\n", "x.json is no in-toto statement"),
        ("#!/bin/sh\nln -s /etc/passwd /run/out/x.json\n", "x.json is not a regular file"),
        (
            f"#!/bin/sh\necho '{json.dumps(FORGED)}' >/run/out/x\n",
            "a scanner may not write provenance",
        ),
    ],
)
def test_a_scanner_that_misbehaves_fails_the_build(builds: Builds, script: str, said: str) -> None:
    ended, _ = scanned(builds, scanner(builds, script))
    assert ended.code == 1
    assert said in ended.stderr


def test_nothing_is_scanned_for_a_directory(builds: Builds, tmp_path: Path) -> None:
    ended = builds.run(
        *("--sbom=generator=nowhere.invalid/x", "-o", tmp_path / "out"),
        builds.context("FROM scratch\nCOPY a /\n", a="x"),
    )
    assert ended.code == 0, ended.text
