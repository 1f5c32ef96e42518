"""Source policies in a build: what is denied is never asked for, what is converted is used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import Builds, serve_base
from tests.fixtures.registry import Server

pytestmark = [pytest.mark.integration, pytest.mark.root]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    server, base = serve_base(tmp_path)
    with server:
        yield server, base


def _policy(directory: Path, *rules: dict[str, object]) -> Path:
    path = directory / "policy.json"
    path.write_text(json.dumps({"rules": rules}))
    return path


def test_an_image_that_is_denied_is_never_asked_for(
    registry: tuple[Server, str], tmp_path: Path
) -> None:
    server, base = registry
    builds = Builds(tmp_path, base)
    server.seen.clear()
    denied = {"action": "DENY", "selector": {"identifier": "docker-image://*"}}
    ended = builds.run("--policy", _policy(tmp_path, denied), builds.context("FROM BASE\n"))
    assert ended.code == 1
    assert f'source "docker-image://{base}" denied by policy' in ended.stderr
    assert server.seen == []


def test_an_image_is_taken_from_where_the_policy_says(
    registry: tuple[Server, str], tmp_path: Path
) -> None:
    _, base = registry
    builds = Builds(tmp_path, base)
    name = base.partition("/")[0]
    builds.environment["EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"] = str(
        _policy(
            tmp_path,
            {
                "action": "CONVERT",
                "selector": {"identifier": "docker-image://nowhere.invalid/*:1"},
                "updates": {"identifier": f"docker-image://{name}/base/${{1}}:1"},
            },
        )
    )
    image = builds.image(builds.context("FROM nowhere.invalid/busybox:1\nRUN echo x >/y\n"))
    assert image.read("y") == b"x\n"
    assert f"FROM {base}@sha256" in image.ended.stderr


def test_a_directory_is_a_source_too(registry: tuple[Server, str], tmp_path: Path) -> None:
    builds = Builds(tmp_path, registry[1])
    denied = {"action": "DENY", "selector": {"identifier": "local://context"}}
    context = builds.context("FROM scratch\nCOPY a /\n", a="x")
    ended = builds.run("--policy", _policy(tmp_path, denied), context)
    assert ended.code == 1
    assert 'source "local://context" denied by policy' in ended.stderr
